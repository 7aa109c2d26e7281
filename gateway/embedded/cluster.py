"""The data of an embedded PostgreSQL: made, configured, carried to a newer PostgreSQL."""

import os
import shutil
import stat
from pathlib import Path

from gateway.embedded.directory import Directory
from gateway.embedded.errors import EmbeddedError, NewerDirectory, OlderDirectory
from gateway.embedded.programs import Programs, of_major

OWNER = "motlan"  # owns the database and runs migrations; not a superuser
BUILTIN_LOCALES = 17  # first major with collations that do not depend on the C library
START_S = 60.0  # recovery of a full WAL after a power cut takes this long on a slow disk
UPGRADE_S = 3600.0

CONFIGURATION = """\
# Written by motlan at each start; changes here are lost.
listen_addresses = ''
port = 5432
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
fsync = on
full_page_writes = on
synchronous_commit = on
wal_compression = on
max_wal_size = 1GB
checkpoint_timeout = 10min
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
idle_in_transaction_session_timeout = 60s
logging_collector = on
log_directory = 'log'
log_filename = 'postgres-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
# No statement, parameter, key or detail in a log: they may name a person.
log_statement = none
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


def prepare(at: Directory, programs: Programs) -> None:
    """Have data that *programs* can run on: made, or upgraded, or as it is.

    Raises:
        NewerDirectory: a newer PostgreSQL wrote it.
        OlderDirectory: an older one wrote it, whose programs are not at hand.
        ProgramFailed: it cannot be made or upgraded; what was there is still there.
    """
    if not at.data.exists() and (at.fresh / UPGRADED).exists():
        at.fresh.rename(at.data)  # an upgrade that was killed between its two last steps
    found = at.major()
    if found is None:
        create(at, programs)
    elif found > programs.major:
        raise NewerDirectory(at.path, found=found, ours=programs.major)
    elif found < programs.major:
        older = of_major(found)
        if older is None:
            raise OlderDirectory(at.path, found=found, ours=programs.major)
        upgrade(at, older, programs)


UPGRADED = "motlan.upgraded"


def create(at: Directory, programs: Programs) -> None:
    """Make the data with its owner and database, then move it into place in one step."""
    _initialise(at, programs)
    programs.run(
        *("postgres", "--single", "-D", str(at.fresh), "postgres"),
        cwd=at.fresh,
        within_s=60,
        feed=(
            f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE\n"
            f"CREATE DATABASE {OWNER} OWNER {OWNER}\n"
        ),
    )
    at.fresh.rename(at.data)


def upgrade(at: Directory, older: Programs, newer: Programs) -> None:
    """Carry the data to a newer PostgreSQL; the old data stays beside it as ``data.<major>``.

    The files are copied, so that whatever goes wrong, the old data has not been touched.
    """
    kept = at.path / f"data.{older.major}"
    if kept.exists():
        message = f"{kept} is in the way of an upgrade; an earlier one left it. Move it elsewhere."
        raise EmbeddedError(message)
    private(at.sockets, newer)
    configure(at)
    _shut_cleanly(at, older)
    _initialise(at, newer)
    work = at.path / "upgrade"
    private(work, newer)
    arguments = ("-b", str(older.folder), "-B", str(newer.folder), "-U", "postgres")
    places = ("-d", str(at.data), "-D", str(at.fresh), "-s", str(at.sockets))
    newer.run("pg_upgrade", *arguments, *places, cwd=work, within_s=UPGRADE_S)
    (at.fresh / UPGRADED).touch()
    at.data.rename(kept)
    at.fresh.rename(at.data)
    shutil.rmtree(work)


def configure(at: Directory) -> None:
    """Write our settings; PostgreSQL's own file includes them last."""
    sockets = f"unix_socket_directories = '{at.sockets}'\n"
    (at.data / "motlan.conf").write_text(CONFIGURATION + sockets, encoding="utf-8")


def _shut_cleanly(at: Directory, older: Programs) -> None:
    """Let the old server recover and stop: pg_upgrade refuses data that was not shut down."""
    at.forget_stranger()
    command = ("-D", str(at.data), "-w", "-s", "-t", f"{START_S:.0f}")
    log = ("-l", str(at.data / "start.log"))
    older.run("pg_ctl", "start", *command, *log, cwd=at.data, within_s=START_S + 5)
    older.run("pg_ctl", "stop", *command, "-m", "fast", cwd=at.data, within_s=START_S + 5)


def _initialise(at: Directory, programs: Programs) -> None:
    """Have an empty cluster in the fresh folder."""
    if at.fresh.exists():  # a first start, or an upgrade, that was killed
        shutil.rmtree(at.fresh)
    private(at.fresh, programs)
    programs.run("initdb", *_initdb(at.fresh, programs.major), cwd=at.fresh, within_s=120)
    with (at.fresh / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write("include 'motlan.conf'\n")
    (at.fresh / "motlan.conf").touch()


def _initdb(data: Path, major: int) -> list[str]:
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    # Whoever can enter the directory of the socket (mode 0700) is the operator already.
    return [
        *("-D", str(data), "-U", "postgres", "--encoding=UTF8", "--data-checksums"),
        "--text-search-config=simple",
        *("--auth-local=trust", "--auth-host=reject"),
        *(locale if major >= BUILTIN_LOCALES else ["--locale=C.UTF-8"]),
    ]


def private(folder: Path, programs: Programs) -> None:
    """Have *folder* for PostgreSQL's account alone.

    Raises:
        EmbeddedError: somebody else's folder stands there.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.lstat()
    ours = {os.geteuid(), programs.account.pw_uid if programs.account else os.geteuid()}
    if not stat.S_ISDIR(about.st_mode) or about.st_uid not in ours:
        message = f"{folder} belongs to somebody else. Remove it, or choose a shorter directory."
        raise EmbeddedError(message)
    folder.chmod(0o700)
    programs.own(folder)
