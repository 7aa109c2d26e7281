"""Machines to break: disks that lose or fill up, a PostgreSQL on them, a flush that fails or waits.

A disk is a sparse file with ext4 on a loop device, which needs root; the flush is made to fail or
wait by a small library that is compiled and loaded before the server's own, which needs a compiler.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import TypeAlias

import pytest

from gateway.embedded import EmbeddedPostgres
from gateway.embedded.programs import Programs, find
from tests.audit_rows import until

ROOT = Path(__file__).parents[1]
EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSH = 2
DISK_BYTES = 400 * 1024 * 1024
LEFT_BYTES = 1024 * 1024  # on a disk that is about to be full

# Each call of fsync and fdatasync first waits while a file says so; then it fails with EIO when
# another file is there, which it takes away: exactly one call fails, whichever process makes it.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static long wanted(void) {
  const char *name = getenv("FLUSH_SLOW");
  FILE *file = name ? fopen(name, "r") : NULL;
  long us = 0;
  if (file) { if (fscanf(file, "%ld", &us) != 1) us = 0; fclose(file); }
  return us;
}
static int faulty(int fd, const char *name) {
  int (*real)(int) = dlsym(RTLD_NEXT, name);
  const char *fail = getenv("FLUSH_FAIL");
  for (long waited = 0, us; (us = wanted()) > waited; waited += 10000)
    usleep(us - waited < 10000 ? us - waited : 10000);
  if (fail && unlink(fail) == 0) { errno = EIO; return -1; }
  return real(fd);
}
int fsync(int fd) { return faulty(fd, "fsync"); }
int fdatasync(int fd) { return faulty(fd, "fdatasync"); }
"""


class Disk:
    """A small disk, plugged in at *place*."""

    def __init__(self, image: Path, place: Path) -> None:
        self._image = image
        self.place = place
        self._ballast = place / "ballast"

    def make(self, size_bytes: int = DISK_BYTES) -> None:
        """Format and plug in.

        Raises:
            OSError, subprocess.CalledProcessError: this computer has no such disks.
        """
        self.place.mkdir()
        with self._image.open("wb") as image:
            image.truncate(size_bytes)
        run("mkfs.ext4", "-q", "-F", "-m", "0", str(self._image))
        self.plug()

    def plug(self) -> None:
        """Mount; the file system replays its journal."""
        run("mount", "-o", "loop", str(self._image), str(self.place))

    def unplug(self) -> bool:
        """Unmount; tell whether it worked."""
        ended = subprocess.run(["umount", self.place], check=False, capture_output=True, timeout=30)
        return ended.returncode == 0

    def flush(self) -> None:
        """Begin the measured part with a quiet disk."""
        run("sync", "-f", str(self.place))

    def cut(self) -> None:
        """End the file system without flushing its journal, as a power cut does."""
        disk = os.open(self.place, os.O_RDONLY)
        fcntl.ioctl(disk, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        os.close(disk)

    def fill(self, left_bytes: int = LEFT_BYTES) -> None:
        """Leave *left_bytes*, one MiB unless said otherwise."""
        about = os.statvfs(self.place)
        with self._ballast.open("wb") as ballast:
            size = about.f_bavail * about.f_bsize - left_bytes
            os.posix_fallocate(ballast.fileno(), 0, size)

    def relieve(self) -> None:
        """Give the room back."""
        self._ballast.unlink()


class Machine:
    """A PostgreSQL of its own: where its data and its WAL lie, and what is loaded before it."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self.folder = folder
        self.disks: list[Disk] = []
        self._programs = programs
        self._data = folder / "data"
        self._outside = folder / "run"  # sockets and the server's log outlive a cut
        self._shim: Path | None = None
        self._pid = 0
        self.dsn = f"postgresql://motlan@/postgres?host={self._outside}"

    def build(self, *, data: Path | None = None, wal: Path | None = None) -> None:
        """Make the database, on the disks given."""
        self._data = (data or self.folder) / "data"
        for each in (self._outside, self._data):
            each.mkdir(mode=0o700)
            self._programs.own(each)
        options = ["-U", "motlan", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        if wal is not None:
            (wal / "wal").mkdir(mode=0o700)
            self._programs.own(wal / "wal")
            options += ["--waldir", str(wal / "wal"), "--wal-segsize=1"]
        self._programs.run("initdb", "-D", str(self._data), *options, cwd=self._data, within_s=60)

    def make_flush_faulty(self) -> None:
        """Load the faulty flush from the next start on.

        Raises:
            OSError, subprocess.CalledProcessError: there is no compiler.
        """
        source, library = self.folder / "flush.c", self.folder / "flush.so"
        source.write_text(SHIM)
        run("gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl")
        self._shim = self.folder / "postgres"
        self._shim.write_text(
            f"#!/bin/sh\nexport FLUSH_SLOW={self._outside}/slow FLUSH_FAIL={self._outside}/fail\n"
            f'LD_PRELOAD={library} exec {self._programs.folder}/postgres "$@"\n'
        )
        self._shim.chmod(0o755)

    def slow_flush(self, seconds: float) -> None:
        """Have each flush wait *seconds* first."""
        passing = self._outside / "slow.new"
        passing.write_text(str(int(seconds * 1e6)))
        passing.chmod(0o644)
        passing.replace(self._outside / "slow")

    def fail_one_flush(self) -> Path:
        """Have the next flush fail; return the file that is gone once it has."""
        wish = self._outside / "fail"
        wish.touch()
        return wish

    def start(self, *settings: str) -> None:
        """Start PostgreSQL."""
        options = f"-k {self._outside} -c listen_addresses='' {' '.join(settings)}"
        log = str(self._outside / "log")
        own = [] if self._shim is None else ["-p", str(self._shim)]
        self._programs.run(
            *("pg_ctl", "start", "-D", str(self._data), "-w", "-s", "-o", options, "-l", log, *own),
            cwd=self._outside,
            within_s=60,
        )
        self._pid = int((self._data / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """Kill the server's processes, without a word to any."""
        if self.alive:
            kill_family(self._pid)

    @property
    def alive(self) -> bool:
        """Whether the server's process runs; asked of the kernel, for its disk may be gone."""
        try:
            command = Path(f"/proc/{self._pid}/cmdline").read_bytes()
        except OSError:
            return False
        return os.fsencode(self._data) in command

    def said(self) -> str:
        """Return what the server wrote to its log."""
        return (self._outside / "log").read_text(errors="replace")

    def sweep(self) -> None:
        """Take away what a killed server leaves behind."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for stale in self._outside.glob(".s.PGSQL*"):
            stale.unlink()

    def scrap(self) -> None:
        """Stop what runs, and unplug."""
        self.kill()
        for disk in self.disks:
            for _ in range(100):  # until the last process has let go
                if disk.unplug():
                    break
                sleep(0.05)


class Demonstration:
    """The database as the demonstration has it, its directory on a disk that may lose power."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._owner: subprocess.Popen[str] | None = None
        self._pid = 0
        self.dsn = EmbeddedPostgres(directory).dsn()

    def start(self, *_settings: str) -> None:
        """Start it in a process of its own, as `motlan demo` does."""
        command = [sys.executable, "-m", "tests.embedded_child", str(self._directory)]
        self._owner = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._owner.stdout is not None
        self._pid = int(self._owner.stdout.readline())

    def kill(self) -> None:
        """Kill it and who started it."""
        if self._owner is None:
            return
        self._owner.kill()
        self._owner.communicate()
        kill_family(self._pid)
        self._owner = None

    def sweep(self) -> None:
        """Leave everything as it lies: the program copes with it by itself."""


def kill_family(pid: int) -> None:
    """Kill a server and its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has ended
        return
    for one in [pid, *map(int, children)]:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:  # it panicked already, as it should
            continue


Database: TypeAlias = Machine | Demonstration


def cut_power(machine: Database, disk: Disk) -> None:
    """End the disk without flushing, then everything that used it."""
    disk.cut()
    machine.kill()


async def recover(machine: Database, disk: Disk, *settings: str) -> None:
    """Plug everything in again and let PostgreSQL recover."""

    async def unplugged() -> bool:
        return await asyncio.to_thread(disk.unplug)

    await until(unplugged, 15)
    disk.plug()
    machine.sweep()
    await asyncio.to_thread(machine.start, *settings)


@contextmanager
def a_machine(programs: Programs | None = None) -> Iterator[Machine]:
    """Give a machine that is not built yet; scrap it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="mlmac-"))
    folder.chmod(0o711)
    machine = Machine(folder, programs or find())
    try:
        yield machine
    finally:
        machine.scrap()
        shutil.rmtree(folder)


def a_disk(machine: Machine, *, size_bytes: int = DISK_BYTES) -> Disk:
    """Plug a disk into *machine*, or skip the test where none can be had."""
    if os.geteuid() != 0:
        pytest.skip("a disk of one's own needs root to be mounted")
    disk = Disk(machine.folder / "disk.img", machine.folder / "disk")
    try:
        disk.make(size_bytes)
    except (OSError, subprocess.CalledProcessError) as absent:
        pytest.skip(f"a disk of one's own needs ext4 on a loop device: {type(absent).__name__}")
    machine.disks.append(disk)
    return disk


def run(*command: str) -> None:
    """Run a system program to its end."""
    subprocess.run(command, check=True, capture_output=True, timeout=60)
