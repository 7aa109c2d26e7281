"""One PostgreSQL server on one directory, with the settings a gateway needs."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from gateway.embedded.cluster import OWNER, START_S, configure, prepare, private
from gateway.embedded.directory import Directory
from gateway.embedded.errors import ProgramFailed
from gateway.embedded.programs import find


@dataclass(frozen=True, slots=True)
class Status:
    """How one directory stands."""

    directory: Path
    major: int | None  # None: no data yet
    pid: int | None  # of the server; None: not running
    owner: int | None  # process that holds the directory
    dsn: str | None  # None: not running


class EmbeddedPostgres:
    """A PostgreSQL server in a directory of the user's choice, owned by one process at a time."""

    def __init__(self, directory: Path, *, programs: Path | None = None) -> None:
        """Name the directory; nothing is touched before `start`.

        Args:
            directory: made when it is missing; below it lie the data, the socket and the logs.
            programs: ``bin`` folder of another PostgreSQL than the one from the wheel.
        """
        self._at = Directory(directory.absolute())
        self._programs = programs
        self.opened: tuple[Path, ...] = ()  # folders that root opened for the server's account

    def start(self, *, keep: bool = False) -> str:
        """Start the server, making or recovering its data, and return its DSN.

        A server that a killed owner left running is taken over as it is.

        Args:
            keep: the server outlives this process, until `stop`.

        Raises:
            DirectoryInUse: another living process owns the directory.
            ForeignDirectory: the directory holds something else.
            NewerDirectory: a newer PostgreSQL wrote the data.
            OlderDirectory: an older one wrote it, and cannot be upgraded here.
            ProgramFailed: PostgreSQL did not start; the text carries its last words.
        """
        self._at.path.parent.mkdir(parents=True, exist_ok=True)
        self._at.claim()
        self._at.hold()
        try:
            self._bring_up()
        except BaseException:
            self._at.release()
            raise
        if keep:
            self._at.kept.touch()
        return self.dsn()

    def stop(self) -> None:
        """Stop the server, whoever started it, and give the directory up.

        Raises:
            DirectoryInUse: another living process owns the directory.
        """
        if not self._at.marker.exists():
            return
        self._at.hold()
        try:
            if self._at.postmaster():
                self._bring_down()
            self._at.kept.unlink(missing_ok=True)
        finally:
            self._at.release()

    def leave(self) -> None:
        """End our ownership: stop the server, unless it was started to be kept."""
        if self._at.kept.exists():
            self._at.release()
        elif self._at.is_held:
            self.stop()

    def status(self) -> Status:
        """Look, without touching anything."""
        pid = self._at.postmaster()
        dsn = self.dsn() if pid else None
        return Status(self._at.path, self._at.major(), pid, self._at.owner(), dsn)

    def dsn(self, database: str = OWNER, user: str = OWNER) -> str:
        """Return the address of *database* for asyncpg; the server need not be running."""
        return f"postgresql://{user}@/{database}?host={quote(str(self._at.sockets))}"

    def __enter__(self) -> str:
        """Start, and give the DSN."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        self.leave()

    def _bring_up(self) -> None:
        if self._at.postmaster():
            return
        programs = find(self._programs)
        self.opened = programs.reach(self._at.data) + programs.reach(programs.folder / "postgres")
        prepare(self._at, programs)
        private(self._at.sockets, programs)
        configure(self._at)
        self._at.forget_stranger()
        arguments = ("start", "-D", str(self._at.data), "-l", str(self._at.data / "start.log"))
        wait = ("-w", "-t", f"{START_S:.0f}", "-s")
        try:
            programs.run("pg_ctl", *arguments, *wait, cwd=self._at.data, within_s=START_S + 5)
        except ProgramFailed as failed:
            raise ProgramFailed("PostgreSQL", _last_words(self._at.data) or str(failed)) from failed

    def _bring_down(self) -> None:
        programs = find(self._programs)
        command = ("stop", "-D", str(self._at.data), "-w", "-s")
        try:
            programs.run(
                "pg_ctl", *command, "-m", "fast", "-t", "30", cwd=self._at.data, within_s=35
            )
        except ProgramFailed:  # a client that will not go; recovery at the next start is safe
            programs.run(
                "pg_ctl", *command, "-m", "immediate", "-t", "30", cwd=self._at.data, within_s=35
            )


def _last_words(data: Path) -> str:
    """Return the end of the server's start log and of its newest log."""
    logs = sorted((data / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)[-1:]
    texts = [log.read_text(errors="replace") for log in [data / "start.log", *logs] if log.exists()]
    return "\n".join(text[-1000:] for text in texts).strip()
