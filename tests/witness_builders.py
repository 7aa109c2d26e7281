"""Witnesses for tests: requests of small logs, stores, and real processes on a free port."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from adapters.guard import transport
from adapters.settings import SourceSettings
from gateway.demo.processes import answers, free_port
from gateway.tlog import merkle
from gateway.tlog.policies import Witness
from gateway.witnessing.decisions import Offered, admitted
from gateway.witnessing.identity import Identity, create
from gateway.witnessing.logs import parse_logs
from gateway.witnessing.requests import AddCheckpoint, encode
from gateway.witnessing.store import WitnessStore
from gateway.witnessing.submission import Newest, Submission
from tests.tlog_builders import AT_S, ORIGIN, SmallLog, entries

NAME = "witness.kiemtoan.example/w1"
UP_S = 60.0


def a_log(count: int = 20, *, origin: str = ORIGIN) -> SmallLog:
    """Return a log of *count* entries."""
    return SmallLog(entries(count), origin=origin)


def a_fork(count: int = 20, *, after: int = 5) -> SmallLog:
    """Return a log with the keys of `a_log` that tells another story after some entries."""
    return SmallLog([*entries(after), *(b"forged %d" % n for n in range(after, count))])


def request(log: SmallLog, old: int, size: int) -> AddCheckpoint:
    """Return what an honest client of *log* sends from *old* to *size*."""
    proof = merkle.consistency_path(old, size, log.reader) if old <= size else []
    return AddCheckpoint(old, tuple(proof), log.signed(size))


def body(log: SmallLog, old: int, size: int) -> bytes:
    """Return `request` as bytes."""
    return encode(request(log, old, size))


def logs_file(folder: Path, *logs: SmallLog) -> Path:
    """Write the file that tells a witness of *logs*."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "logs"
    lines = [f"log {signer.vkey}" for log in logs for signer in log.signers]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def offered(log: SmallLog, old: int, size: int) -> Offered:
    """Return an admitted request of *log*."""
    lines = "\n".join(str(signer.vkey) for signer in log.signers)
    return admitted(body(log, old, size), parse_logs(lines))


def a_store(folder: Path, *, at_s: int = AT_S) -> tuple[WitnessStore, Identity]:
    """Return a new witness with its memory in *folder*, its clock standing still."""
    who = create(folder, NAME)
    return WitnessStore(folder, who, lambda: at_s), who


class Tree:
    """A log as `Rounds` asks for it; may be swapped for another while it runs."""

    def __init__(self, log: SmallLog, size: int) -> None:
        self.log, self.size = log, size

    async def newest(self) -> Newest | None:
        """Return the checkpoint at the size that this tree has just now."""
        return Newest(self.size, self.log.signed(self.size)) if self.size else None

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the log's own proof."""
        return merkle.consistency_path(old, new, self.log.reader)


class WitnessProcess:
    """A `motlan witness serve` of its own, with its store in a folder."""

    def __init__(self, folder: Path, logs: Path, *, name: str = NAME) -> None:
        self.store, self.logs = folder, logs
        self.identity = create(folder, name)
        self.port = free_port(0)
        self.url = f"http://127.0.0.1:{self.port}"
        self.printed = folder.with_suffix(".log")
        self.process: asyncio.subprocess.Process | None = None

    def lines(self, label: str = "w1") -> list[Witness]:
        """Return what a policy says of it: both keys, by *label* and *label*-pq."""
        ed25519, ml_dsa = self.identity.vkeys
        return [Witness(label, ed25519, self.url), Witness(f"{label}-pq", ml_dsa, self.url)]

    async def start(self, **environ: str) -> None:
        """Start, and wait until it answers."""
        with self.printed.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", "witness", "serve"),
                *("--store", str(self.store), "--logs", str(self.logs)),
                *("--listen", f"127.0.0.1:{self.port}"),
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},  # noqa: TID251 - a child needs PATH
                stdout=output,
                stderr=output,
            )
        async with asyncio.timeout(UP_S):
            while not await asyncio.to_thread(answers, f"{self.url}/"):
                assert self.process.returncode is None, self.printed.read_text()
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it without a word, as a power cut would."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> int:
        """End it as an operator does; return its code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 15)
        return self.process.returncode or 0


@asynccontextmanager
async def a_witness(
    folder: Path, *logs: SmallLog, name: str = NAME
) -> AsyncGenerator[WitnessProcess]:
    """Run a witness that knows *logs*; end it in any case."""
    process = WitnessProcess(folder / "store", logs_file(folder, *logs), name=name)
    try:
        await process.start()
        yield process
    finally:
        await process.kill()


@asynccontextmanager
async def submission_to(
    url: str, witnesses: list[Witness], *, max_bytes: int = 65_536
) -> AsyncGenerator[Submission]:
    """Give a way to ask the witness at *url*."""
    client = transport("witness", SourceSettings(base_url=url, max_bytes=max_bytes))
    await client.open()
    try:
        yield Submission(client, witnesses)
    finally:
        await client.aclose()


@contextmanager
def posted(url: str, content: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Send a request to cosign as a stranger's program would; give status, type and body."""
    from http.client import HTTPConnection  # noqa: PLC0415 - only raw requests need it

    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("POST", "/add-checkpoint", content)
        reply = connection.getresponse()
        yield reply.status, reply.getheader("content-type", ""), reply.read()
    finally:
        connection.close()
