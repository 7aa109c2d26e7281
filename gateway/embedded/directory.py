"""The directory of an embedded PostgreSQL: whose it is, and who holds it now."""

import fcntl
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from gateway.embedded.errors import DirectoryInUse, EmbeddedError, ForeignDirectory

LONGEST_SOCKET_BYTES = 107  # sockaddr_un.sun_path is 108 with its closing zero
SOCKET = ".s.PGSQL.5432"


class Marker(msgspec.Struct, frozen=True):
    """What the file says that makes a directory ours."""

    made_by: str = "motlan"
    layout: int = 1


@dataclass(slots=True)
class Directory:
    """Paths of one directory, and the lock that makes one process its owner."""

    path: Path
    _held: IO[str] | None = field(default=None, repr=False)

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.path / "data"

    @property
    def fresh(self) -> Path:
        """Where a new data directory is made, before it is moved into place."""
        return self.path / "data.new"

    @property
    def marker(self) -> Path:
        """The file that says that we made this directory."""
        return self.path / "motlan-postgres.json"

    @property
    def kept(self) -> Path:
        """The file that says that the server outlives the process that started it."""
        return self.path / "kept"

    @property
    def sockets(self) -> Path:
        """Where the server's socket is: here, or below /tmp when this path is too long."""
        near = self.path / "run"
        if len(os.fsencode(near / SOCKET)) <= LONGEST_SOCKET_BYTES:
            return near
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return Path("/tmp") / f"motlan-{name}"  # noqa: S108 - mode and owner are checked at each start

    def claim(self) -> None:
        """Make the directory ours if it is empty or missing.

        Raises:
            ForeignDirectory: it holds something that we did not make.
        """
        self.path.mkdir(mode=0o700 if os.geteuid() else 0o711, parents=True, exist_ok=True)
        if self.marker.exists():
            self._check_marker()
            return
        present = {entry.name for entry in self.path.iterdir()} - {"owner.lock"}
        if present:
            raise ForeignDirectory(self.path, is_postgres="PG_VERSION" in present)
        self.marker.write_bytes(msgspec.json.encode(Marker()) + b"\n")

    def hold(self) -> None:
        """Become the owner, until `release` or until this process ends, however it ends.

        Raises:
            DirectoryInUse: another process is the owner.
        """
        if self._held:
            return
        lock = (self.path / "owner.lock").open("a+", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            lock.close()
            raise DirectoryInUse(self.path, self.owner()) from taken
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._held = lock

    def release(self) -> None:
        """Stop being the owner; harmless when we are not."""
        if self._held:
            self._held.truncate(0)
            self._held.close()
            self._held = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._held is not None

    def owner(self) -> int | None:
        """Return the process id the lock file names; None when nobody holds it."""
        try:
            text = (self.path / "owner.lock").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        return int(text) if text.isdecimal() and _alive(int(text)) else None

    def major(self) -> int | None:
        """Return the PostgreSQL major version that wrote the data; None when there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text(encoding="ascii").strip())
        except FileNotFoundError:
            return None

    def postmaster(self) -> int | None:
        """Return the process id of the server on this data; None when none runs.

        After ``kill -9`` and a restart of the machine the number in ``postmaster.pid`` may belong
        to a stranger, so the process must also name this data directory in its command.
        """
        try:
            first = (self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]
            command = Path(f"/proc/{int(first)}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return int(first) if os.fsencode(self.data) in command else None

    def forget_stranger(self) -> None:
        """Remove ``postmaster.pid`` when the number in it now belongs to another program.

        PostgreSQL itself recovers when the number is free; when it was given to a process of the
        same account, it would refuse to start for ever.
        """
        if self.postmaster() is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (self.sockets / f"{SOCKET}.lock").unlink(missing_ok=True)

    def _check_marker(self) -> None:
        try:
            found = msgspec.json.decode(self.marker.read_bytes(), type=Marker)
        except msgspec.DecodeError as odd:
            raise ForeignDirectory(self.path, is_postgres=False) from odd
        if found.made_by != "motlan":
            raise ForeignDirectory(self.path, is_postgres=False)
        if found.layout > Marker().layout:
            message = f"{self.path} was laid out by a newer release of motlan; install that one."
            raise EmbeddedError(message)


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
