"""A witness as a process of its own, asked by a stranger's plain HTTP."""

import asyncio
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from gateway.demo.processes import free_port
from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.notes import open_note
from gateway.witnessing.requests import LONGEST_REQUEST_BYTES, SIZE_TYPE
from gateway.witnessing.store import origin_hash
from tests.tlog_builders import ORIGIN
from tests.witness_builders import WitnessProcess, a_fork, a_log, a_witness, body, posted

LOG = a_log(60)


@pytest_asyncio.fixture
async def witness(tmp_path: Path):  # noqa: ANN201 - an async generator of one process
    """Give a running witness that knows the small log."""
    async with a_witness(tmp_path / "w1", LOG) as running:
        yield running


def ask(witness: WitnessProcess, content: bytes) -> tuple[int, str, bytes]:
    """Ask to cosign."""
    with posted(witness.url, content) as reply:
        return reply


def get(witness: WitnessProcess, path: str, method: str = "GET") -> tuple[int, bytes]:
    """Read a page."""
    parts = urlsplit(witness.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


async def test_a_checkpoint_comes_back_with_cosignatures(witness: WitnessProcess) -> None:
    """The lines, put behind the note, must be what any verifier takes."""
    status, _, lines = await asyncio.to_thread(ask, witness, body(LOG, 0, 10))
    note = LOG.signed(10) + lines.decode()

    assert 200 == status
    assert 2 == len(open_note(note, map(verifier_of, witness.identity.vkeys)).verified)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"nonsense", (400, "text/plain; charset=utf-8", b"malformed\n")),
        (body(LOG, 9, 5), (400, "text/plain; charset=utf-8", b"sizes_reversed\n")),
        (
            body(a_log(origin="x.example"), 0, 5),
            (404, "text/plain; charset=utf-8", b"log_unknown\n"),
        ),
        (
            body(LOG, 0, 5).replace(b"\n5\n", b"\n6\n"),
            (403, "text/plain; charset=utf-8", b"key_unknown\n"),
        ),
        (body(LOG, 0, 12), (409, SIZE_TYPE, b"10\n")),
        (body(LOG, 12, 14), (409, SIZE_TYPE, b"10\n")),
        (body(a_fork(), 10, 10), (409, SIZE_TYPE, b"10\n")),
        (body(a_fork(), 10, 12), (422, "text/plain; charset=utf-8", b"proof_wrong\n")),
    ],
    ids=["form", "sizes", "origin", "key", "behind", "ahead", "equivocation", "fork"],
)
async def test_every_refusal_has_its_status(
    witness: WitnessProcess, content: bytes, expected: tuple[int, str, bytes]
) -> None:
    """Clients of other houses act on the number alone."""
    assert 200 == (await asyncio.to_thread(ask, witness, body(LOG, 0, 10)))[0]

    assert expected == await asyncio.to_thread(ask, witness, content)


async def test_a_body_longer_than_a_request_is_refused(witness: WitnessProcess) -> None:
    """Memory is not a stranger's to fill."""
    huge = b"old 0\n\n" + b"x" * (2 * LONGEST_REQUEST_BYTES)

    assert 413 == (await asyncio.to_thread(ask, witness, huge))[0]


async def test_what_it_has_seen_can_be_compared(witness: WitnessProcess) -> None:
    """Two people who fear to be shown two logs look here."""
    await asyncio.to_thread(ask, witness, body(LOG, 0, 10))
    status, note = await asyncio.to_thread(get, witness, f"/{origin_hash(ORIGIN)}/checkpoint")
    page = (await asyncio.to_thread(get, witness, "/"))[1].decode()

    assert 200 == status
    assert LOG.signed(10).splitlines()[:3] == note.decode().splitlines()[:3]
    assert f"{ORIGIN}\n    số bản ghi / records: 10\n" in page
    assert all(str(key) in page for key in witness.identity.vkeys)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/{'0' * 64}/checkpoint", 404),
        ("GET", "/../witness.json", 404),
        ("GET", "/witness.json", 404),
        ("GET", f"/{origin_hash(ORIGIN)}/..%2f..%2fwitness.json", 404),
        ("GET", f"/{origin_hash(ORIGIN)[:-1]}%0a/checkpoint", 404),
        ("GET", "/add-checkpoint", 405),
        ("DELETE", "/", 405),
        ("HEAD", "/", 200),
    ],
)
async def test_nothing_else_is_served(
    witness: WitnessProcess, method: str, path: str, status: int
) -> None:
    """Keys lie in the same folder as the memory that is shown."""
    assert status == (await asyncio.to_thread(get, witness, path, method))[0]


async def test_killed_after_writing_it_signs_the_same_again(witness: WitnessProcess) -> None:
    """The answer may be lost; the log learns from a 409 where it stands, and asks once more."""
    for size in range(1, 30, 3):
        asking = asyncio.create_task(  # noqa: TID251 - a question that is cut off
            asyncio.to_thread(ask, witness, body(LOG, max(0, size - 3), size))
        )
        await asyncio.sleep(0.002 * size)
        await witness.kill()
        await asyncio.gather(asking, return_exceptions=True)
        await witness.start()
        status, kind, held = await asyncio.to_thread(
            ask, witness, body(LOG, max(0, size - 3), size)
        )
        if status == 409:
            assert (SIZE_TYPE, b"%d\n" % size) == (kind, held)
            status, _, _ = await asyncio.to_thread(ask, witness, body(LOG, size, size))
        assert 200 == status


async def test_a_flood_of_requests_moves_a_log_once_for_each_size(witness: WitnessProcess) -> None:
    """Requests of one log meet at one file."""
    await asyncio.to_thread(ask, witness, body(LOG, 0, 1))
    asked = [asyncio.to_thread(ask, witness, body(LOG, 1, size)) for size in range(2, 42)]

    statuses = [status for status, _, _ in await asyncio.gather(*asked)]

    assert 1 == statuses.count(200)
    assert {200, 409} == set(statuses)


async def test_silent_connections_shut_nobody_out(witness: WitnessProcess) -> None:
    """The server counts connections; those that say nothing, or not enough, are closed."""
    silent = [await asyncio.open_connection("127.0.0.1", witness.port) for _ in range(70)]
    for _, writer in silent[::2]:
        writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n")
    statuses = [0]
    try:
        async with asyncio.timeout(15):
            while statuses[-1] != 200:
                await asyncio.sleep(0.5)
                statuses.append((await asyncio.to_thread(ask, witness, body(LOG, 0, 10)))[0])
    finally:
        for _, writer in silent:
            writer.close()

    assert [503, 200] == statuses[1:2] + statuses[-1:]


async def test_a_kept_connection_serves_again_after_a_pause(witness: WitnessProcess) -> None:
    """A log asks once a minute over one connection; the bound is on heads, not on pauses."""
    connection = HTTPConnection("127.0.0.1", witness.port, timeout=10)

    def asked(old: int, size: int) -> int:
        connection.request("POST", "/add-checkpoint", body(LOG, old, size))
        reply = connection.getresponse()
        reply.read()
        return reply.status

    try:
        assert 200 == await asyncio.to_thread(asked, 0, 1)
        await asyncio.sleep(6.0)
        assert 200 == await asyncio.to_thread(asked, 1, 2)
    finally:
        connection.close()


async def test_a_body_that_trickles_is_dropped(witness: WitnessProcess) -> None:
    """A head is soon sent; the body has a bound of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", witness.port)
    writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nold")

    async with asyncio.timeout(15):
        head = await reader.readline()
    writer.close()

    assert head.startswith(b"HTTP/1.1 413")


async def test_a_store_serves_one_process(witness: WitnessProcess) -> None:
    """Two processes of one name would race, and one of them would be believed."""
    other = WitnessProcess.__new__(WitnessProcess)
    other.__dict__.update(witness.__dict__)
    other.port = free_port(0)
    other.url = f"http://127.0.0.1:{other.port}"
    with pytest.raises(AssertionError, match="already"):
        await other.start()


async def test_it_tells_in_words_what_it_did(witness: WitnessProcess) -> None:
    """The officer who watches the screen is no programmer."""
    await asyncio.to_thread(ask, witness, body(LOG, 0, 10))
    await asyncio.to_thread(ask, witness, body(a_fork(), 10, 10))
    code = await witness.stop()
    said = witness.printed.read_text("utf-8")

    assert 0 == code
    assert f"{ORIGIN} 10  đã xác nhận / cosigned" in said
    assert "CẢNH BÁO: cùng số bản ghi nhưng nội dung khác" in said
