"""Tests of the embedded server: it starts, stops, and survives what happens to servers."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.embedded import (
    DirectoryInUse,
    EmbeddedPostgres,
    ForeignDirectory,
    NewerDirectory,
    ProgramsMissing,
)
from tests.embedded_places import DEBIAN, a_directory, fetch, run_as, wheel_programs


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """Give a directory that a server made and left; copying it is faster than making another."""
    with a_directory() as place:
        with EmbeddedPostgres(place):
            pass
        yield place


@pytest.fixture
def empty() -> Iterator[Path]:
    """Give a place where nothing is, and see that no server is left running there."""
    with a_directory() as place:
        yield place
        EmbeddedPostgres(place).stop()


@pytest.fixture
def directory(empty: Path, made: Path) -> Path:
    """Give a directory that a server made and left."""
    subprocess.run(["/bin/cp", "-a", str(made), str(empty)], check=True, timeout=30)
    return empty


def test_it_keeps_rows_over_a_restart(empty: Path) -> None:
    """What was committed is there the next day."""
    with EmbeddedPostgres(empty) as dsn:
        fetch(dsn, "CREATE TABLE kept AS SELECT 1 AS a")

    with EmbeddedPostgres(empty) as dsn:
        assert 1 == fetch(dsn, "SELECT a FROM kept")


def test_it_stops_with_its_owner(directory: Path) -> None:
    """Nothing of ours runs on after `motlan serve` has ended."""
    server = EmbeddedPostgres(directory)
    server.start()

    server.leave()

    assert server.status().pid is None
    assert server.status().owner is None


def test_it_is_durable_and_says_nothing_about_a_person(directory: Path) -> None:
    """Promises P1 and P6 rest on these settings; a build's defaults are not a promise."""
    with EmbeddedPostgres(directory) as dsn:
        found = {
            name: fetch(dsn, f"SHOW {name}")
            for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
        }
        quiet = {
            name: fetch(dsn, f"SHOW {name}")
            for name in ("log_statement", "log_min_error_statement", "log_error_verbosity")
        }
        addresses = fetch(dsn, "SHOW listen_addresses")

    assert {"on"} == set(found.values())
    assert ["none", "panic", "terse"] == list(quiet.values())
    assert "" == addresses


def test_the_owner_of_the_rows_is_no_superuser(directory: Path) -> None:
    """What runs here must run on a province's server, where nobody gives us a superuser."""
    with EmbeddedPostgres(directory) as dsn:
        assert fetch(dsn, "SELECT NOT rolsuper FROM pg_roles WHERE rolname = current_user")


def test_after_kill_9_of_the_server_committed_rows_are_there(directory: Path) -> None:
    """A crash costs nothing that was promised."""
    with EmbeddedPostgres(directory) as dsn:
        fetch(dsn, "CREATE TABLE kept AS SELECT 7 AS a")
        pid = EmbeddedPostgres(directory).status().pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        _wait_until_gone(pid)

    with EmbeddedPostgres(directory) as dsn:
        assert 7 == fetch(dsn, "SELECT a FROM kept")


def test_after_kill_9_of_the_owner_the_next_one_takes_over(directory: Path) -> None:
    """The server that a killed gateway left behind is neither in the way nor lost."""
    died = run_as(
        None,
        "import os, signal, pathlib\n"
        "from gateway.embedded import EmbeddedPostgres\n"
        f"server = EmbeddedPostgres(pathlib.Path({str(directory)!r}))\n"
        "server.start()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    left = EmbeddedPostgres(directory).status()

    with EmbeddedPostgres(directory) as dsn:
        assert 1 == fetch(dsn, "SELECT 1")

    assert -signal.SIGKILL == died.returncode
    assert left.pid
    assert left.owner is None
    assert EmbeddedPostgres(directory).status().pid is None


def test_after_kill_9_of_everything_it_starts_again(directory: Path) -> None:
    """A power cut leaves stale files with numbers of processes that are gone."""
    server = EmbeddedPostgres(directory)
    fetch(server.start(), "CREATE TABLE kept AS SELECT 7 AS a")
    pid = server.status().pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    _wait_until_gone(pid)
    stale = (directory / "data" / "postmaster.pid").read_text()
    server.leave()
    # The number in the file now belongs to a process of another program: this one.
    (directory / "data" / "postmaster.pid").write_text(stale.replace(str(pid), str(os.getpid()), 1))

    with EmbeddedPostgres(directory) as dsn:
        assert 7 == fetch(dsn, "SELECT a FROM kept")


def test_a_second_owner_is_told_who_the_first_is(directory: Path) -> None:
    """Two gateways on one directory would each believe they own the server."""
    with EmbeddedPostgres(directory), pytest.raises(DirectoryInUse) as refused:
        EmbeddedPostgres(directory).start()

    assert os.getpid() == refused.value.pid
    assert f"process {os.getpid()}" in str(refused.value)
    assert "MOTLAN_DATABASE__URL" in str(refused.value)


def test_a_server_in_use_cannot_be_stopped_from_beside(directory: Path) -> None:
    """`motlan db stop` must not pull the floor from under a running gateway."""
    with EmbeddedPostgres(directory) as dsn:
        with pytest.raises(DirectoryInUse):
            EmbeddedPostgres(directory).stop()
        assert 1 == fetch(dsn, "SELECT 1")


def test_a_kept_server_outlives_the_one_who_leaves(directory: Path) -> None:
    """`motlan db start` ends at once, and the server stays until `motlan db stop`."""
    started = EmbeddedPostgres(directory)
    dsn = started.start(keep=True)
    started.leave()
    with EmbeddedPostgres(directory):
        pass

    assert 1 == fetch(dsn, "SELECT 1")

    EmbeddedPostgres(directory).stop()
    assert EmbeddedPostgres(directory).status().pid is None


def test_a_foreign_directory_is_refused_untouched(empty: Path) -> None:
    """Somebody's files are not ours to write beside."""
    empty.mkdir()
    (empty / "thesis.txt").write_text("precious")

    with pytest.raises(ForeignDirectory, match="choose an empty directory"):
        EmbeddedPostgres(empty).start()

    assert ["thesis.txt"] == [entry.name for entry in empty.iterdir()]


def test_somebody_elses_postgresql_is_refused_with_the_way_to_use_it(empty: Path) -> None:
    """A province's own cluster is reached by its address, never opened by us."""
    empty.mkdir()
    (empty / "PG_VERSION").write_text("17\n")

    with pytest.raises(ForeignDirectory, match="MOTLAN_DATABASE__URL"):
        EmbeddedPostgres(empty).start()


def test_a_newer_directory_is_refused_untouched(directory: Path) -> None:
    """Going back to an older release must not destroy what the newer one wrote."""
    with EmbeddedPostgres(directory):
        pass
    (directory / "data" / "PG_VERSION").write_text("99\n")

    with pytest.raises(NewerDirectory, match="Nothing in it was changed") as refused:
        EmbeddedPostgres(directory).start()

    assert 99 == refused.value.found


def test_missing_programs_are_told_with_what_to_install(empty: Path) -> None:
    """The wheel of PostgreSQL is an extra; without it the address of a server is needed."""
    with pytest.raises(ProgramsMissing, match=r"motlan\[demo\]"):
        EmbeddedPostgres(empty, programs=empty / "none").start()


def test_an_older_directory_is_upgraded_and_its_data_kept(empty: Path) -> None:
    """A new release brings a new PostgreSQL; the operator starts it, and that is all."""
    with EmbeddedPostgres(empty, programs=wheel_programs("pginstall")) as dsn:
        fetch(dsn, "CREATE TABLE kept AS SELECT 16 AS a")

    with EmbeddedPostgres(empty) as dsn:
        assert 16 == fetch(dsn, "SELECT a FROM kept")
        assert 18 == EmbeddedPostgres(empty).status().major

    assert (empty / "data.16" / "PG_VERSION").exists()


def test_an_upgrade_that_was_killed_between_its_last_steps_is_finished(directory: Path) -> None:
    """Between the two renames there is no data folder: an empty one must not take its place."""
    with EmbeddedPostgres(directory) as dsn:
        fetch(dsn, "CREATE TABLE kept AS SELECT 5 AS a")
    (directory / "data" / "motlan.upgraded").touch()
    (directory / "data").rename(directory / "data.new")

    with EmbeddedPostgres(directory) as dsn:
        assert 5 == fetch(dsn, "SELECT a FROM kept")


def test_a_first_start_that_was_killed_begins_again(directory: Path) -> None:
    """Half a cluster is no cluster."""
    with EmbeddedPostgres(directory):
        pass
    (directory / "data").rename(directory / "data.new")
    (directory / "data.new" / "PG_VERSION").unlink()

    with EmbeddedPostgres(directory) as dsn:
        assert 1 == fetch(dsn, "SELECT 1")


def test_a_long_path_has_its_socket_elsewhere(empty: Path) -> None:
    """A socket's path holds 107 bytes; a checkout may lie deeper than that."""
    deep = empty.parent / ("d" * 60) / ("e" * 60)
    server = EmbeddedPostgres(deep)
    try:
        dsn = server.start()
        assert 1 == fetch(dsn, "SELECT 1")
        assert "host=/tmp/motlan-" in dsn
    finally:
        server.stop()


def test_debians_postgresql_15_runs_as_well(empty: Path) -> None:
    """The oldest PostgreSQL that we promise to run on."""
    if not DEBIAN.exists():
        pytest.skip("Debian's PostgreSQL 15 is not installed")
    with EmbeddedPostgres(empty, programs=DEBIAN) as dsn:
        assert "15" == str(fetch(dsn, "SHOW server_version")).split(".", maxsplit=1)[0]


def test_an_ordinary_user_needs_nobody(empty: Path) -> None:
    """`make demo` works without root (P10)."""
    if os.geteuid() != 0:
        pytest.skip("already an ordinary user: every other test here says the same")
    nobody = pwd.getpwnam("nobody")
    home = empty.parent / "home"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)

    done = run_as(
        nobody,
        "import os, pathlib\n"
        "from gateway.embedded import EmbeddedPostgres\n"
        f"server = EmbeddedPostgres(pathlib.Path({str(home / 'pg')!r}))\n"
        "server.start(); pid = server.status().pid\n"
        "print(os.stat(f'/proc/{pid}').st_uid); server.leave()\n",
    )

    assert str(nobody.pw_uid) == done.stdout.strip(), done.stderr


def test_root_runs_it_as_an_account_of_its_own(directory: Path) -> None:
    """PostgreSQL refuses to run as root, and rightly so."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    with EmbeddedPostgres(directory):
        pid = EmbeddedPostgres(directory).status().pid
        assert pwd.getpwnam("pgserver").pw_uid == Path(f"/proc/{pid}").stat().st_uid
        assert 0o700 == (directory / "data").stat().st_mode & 0o777
        assert 0o700 == (directory / "run").stat().st_mode & 0o777


def test_root_opens_closed_folders_for_passing_only(empty: Path) -> None:
    """A checkout below /root works; nobody can list what else is there."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    closed = empty.parent / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "pg")
    try:
        server.start()
        assert (closed,) == server.opened
        assert 0o701 == closed.stat().st_mode & 0o777
    finally:
        server.stop()


def _wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.05)
