"""The power goes: a file system that loses everything it was not made to flush.

A sparse file holds ext4 on a loop device; the kernel's own shutdown call ends it without flushing
its journal.  Needs root and loop devices, and says so where there are none.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import migrating
from gateway.audit.entry import Receipt
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.embedded.programs import Programs, find
from gateway.errors import AuditUnavailable
from tests.audit_builders import NODE, an_entry
from tests.audit_rows import stored, until
from tests.history import History, Row, lost, violations

EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSH = 2
DISK_BYTES = 400 * 1024 * 1024
LOAD_S = 1.0


class Machine:
    """A PostgreSQL whose data lies on a disk of its own, and a switch for the power."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self._disk = folder / "disk.img"
        self._mount = folder / "m"
        self._data = self._mount / "data"
        self._programs = programs
        self._outside = folder / "run"  # sockets and the log outlive the cut
        self.dsn = f"postgresql://motlan@/postgres?host={self._outside}"

    def build(self) -> None:
        """Make disk, file system and database."""
        self._mount.mkdir()
        self._outside.mkdir()
        self._programs.own(self._outside)
        with self._disk.open("wb") as disk:
            disk.truncate(DISK_BYTES)
        run("mkfs.ext4", "-q", "-F", str(self._disk))
        self.mount()
        self._data.mkdir(mode=0o700)
        self._programs.own(self._data)
        options = ("-U", "motlan", "--auth=trust", "--encoding=UTF8", "--locale=C")
        self._programs.run("initdb", "-D", str(self._data), *options, cwd=self._data, within_s=60)

    def mount(self) -> None:
        """Plug the disk in; the journal is replayed."""
        run("mount", "-o", "loop", str(self._disk), str(self._mount))

    def start(self, *settings: str) -> None:
        """Start PostgreSQL."""
        options = f"-k {self._outside} -c listen_addresses='' {' '.join(settings)}"
        log = str(self._outside / "log")
        self._programs.run(
            *("pg_ctl", "start", "-D", str(self._data), "-w", "-s", "-o", options, "-l", log),
            cwd=self._outside,
            within_s=60,
        )

    def flush(self) -> None:
        """Begin the measured part with a quiet disk."""
        run("sync", "-f", str(self._mount))

    def cut_power(self) -> None:
        """End the file system without flushing, then everything that used it."""
        pid = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        disk = os.open(self._mount, os.O_RDONLY)
        fcntl.ioctl(disk, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        os.close(disk)
        for one in [pid, *map(int, children)]:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:  # it panicked already, as it should
                continue

    async def recover(self, *settings: str) -> None:
        """Plug everything in again and let PostgreSQL recover."""
        await until(self._unplugged, 15)
        self.mount()
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for stale in self._outside.glob(".s.PGSQL*"):
            stale.unlink()
        await asyncio.to_thread(self.start, *settings)

    async def _unplugged(self) -> bool:
        return await asyncio.to_thread(unmounted, self._mount)

    def scrap(self) -> None:
        """Stop what runs, unplug, forget."""
        if (self._data / "postmaster.pid").exists():
            stop = ("stop", "-D", str(self._data), "-m", "immediate", "-w", "-s")
            self._programs.run("pg_ctl", *stop, cwd=self._outside, within_s=30)
        unmounted(self._mount)


def unmounted(place: Path) -> bool:
    """Unplug; tell whether it worked."""
    ended = subprocess.run(["umount", place], check=False, capture_output=True, timeout=30)
    return ended.returncode == 0


def run(*command: str) -> None:
    """Run a system program to its end."""
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Give a machine that is on, or skip where none can be built."""
    if os.geteuid() != 0:
        pytest.skip("a power cut needs root to mount a disk of its own")
    folder = Path(tempfile.mkdtemp(prefix="mlpow-"))
    folder.chmod(0o711)
    machine = Machine(folder, find())
    try:
        machine.build()
    except (OSError, subprocess.CalledProcessError) as absent:
        shutil.rmtree(folder)
        pytest.skip(f"a power cut needs ext4 on a loop device: {type(absent).__name__}")
    try:
        yield machine
    finally:
        machine.scrap()
        shutil.rmtree(folder)


async def load_and_cut(machine: Machine, writer: AuditWriter) -> list[Receipt]:
    """Write as fast as possible, cut the power, return everything that was acknowledged."""
    receipts: list[Receipt] = []
    await writer.start()

    async def call() -> None:
        while True:
            try:
                receipts.append(await writer.append(an_entry()))
            except AuditUnavailable:
                return

    machine.flush()
    callers = [asyncio.ensure_future(call()) for _ in range(16)]
    await asyncio.sleep(LOAD_S)
    machine.cut_power()
    await asyncio.wait_for(asyncio.gather(*callers), 10)
    await writer.aclose()
    return receipts


async def after_a_power_cut(
    machine: Machine, setting: str = "", commit: str = "on", *, allow_unsafe: bool = False
) -> tuple[list[Row], list[Receipt]]:
    """Run the whole accident; return what is on record and what was acknowledged."""
    await asyncio.to_thread(machine.start, setting)
    await migrating.upgrade(machine.dsn)
    writer = AuditWriter(
        machine.dsn,
        node=NODE,
        clock=utc_now,
        timeout_s=0.5,
        synchronous_commit=commit,
        allow_unsafe_database=allow_unsafe,
    )
    receipts = await load_and_cut(machine, writer)
    await machine.recover(setting)
    return await stored(machine.dsn), receipts


async def test_a_power_cut_takes_no_acknowledged_record(machine: Machine) -> None:
    """Promise P1: durable means durable."""
    rows, receipts = await after_a_power_cut(machine)

    assert len(receipts) > 100
    assert [] == violations(History(rows=rows, receipts=receipts))


@pytest.mark.parametrize(
    ("setting", "commit"),
    [("-c fsync=off", "on"), ("", "off")],
    ids=["fsync off", "synchronous_commit off"],
)
async def test_a_forgetful_database_does_lose_records(
    machine: Machine, setting: str, commit: str
) -> None:
    """The controls: were they to pass without loss, the test above would prove nothing."""
    rows, receipts = await after_a_power_cut(machine, setting, commit, allow_unsafe=True)

    assert len(receipts) > 100
    assert lost(receipts, rows)
