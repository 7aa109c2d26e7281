"""What a bound token costs at our token endpoint, beside an endpoint by others in the same run.

Both prove an assertion and a DPoP proof with a nonce, count both once, and sign a JWT.  The peer
keeps its memory in its own process and forgets it with it; ours keeps it in PostgreSQL, for all
workers, so what PostgreSQL spends is told apart.  Every request is made before the clock starts.
"""

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from auth.client import ClientKey, client_assertion, dpop_proof, new_client_key, token_form
from auth.forms import FORM
from bench.load import cpu_s
from bench.servers import Bench, pin
from gateway.calling.wire import send

CLIENT = "motcua-xa"
OTHERS = Path(__file__).parents[1] / "tests" / "outside"
CONNECTIONS = 8
TOKENS = 400  # in each repetition: made, and used up, within the life of an assertion
WAIT_S = 30


class Endpoint(Struct, frozen=True, kw_only=True):
    """One token endpoint that is measured."""

    name: str
    issuer: str
    path: str
    pids: tuple[int, ...]
    key: ClientKey

    def nonce(self) -> str:
        """Return what the endpoint wants in its proofs."""
        body, headers = self.request("")
        answer = send(self.issuer, "POST", self.path, body, headers)
        return answer.headers["dpop-nonce"]

    def request(self, nonce: str) -> tuple[bytes, dict[str, str]]:
        """Return one request: a fresh assertion and a fresh proof."""
        now = time.time()
        assertion = client_assertion(
            self.key.private, client_id=CLIENT, audience=self.issuer, now=now
        )
        proof = dpop_proof(
            self.key.private,
            method="POST",
            url=self.issuer + self.path,
            now=now,
            nonce=nonce or None,
        )
        return token_form(assertion), {"Content-Type": FORM, "DPoP": proof}


class Spent(Struct, frozen=True):
    """One repetition at one endpoint."""

    tokens_per_s: float
    cpu_us: float  # of the endpoint's own process, for each token
    failed: int


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    """Return tokens a second and CPU for each token, of both, and how they compare.

    Args:
        bench: its province runs, with one worker.
        rounds: interleaved repetitions, beside one that warms up.
    """
    spent: dict[str, list[Spent]] = {}
    ours = Endpoint(
        name="gateway",
        issuer=bench.province.gateway,
        path="/oauth/token",
        pids=bench.peers[0].pids,
        key=bench.province.keys[CLIENT],
    )
    with others(ours.issuer) as peer:
        for repetition in range(rounds + 1):
            for endpoint in (ours, peer):
                one = asyncio.run(once(endpoint))
                if repetition:
                    spent.setdefault(endpoint.name, []).append(one)
    return compared(spent)


def compared(spent: dict[str, list[Spent]]) -> dict[str, Any]:
    """Return the figures, medians over the repetitions."""
    found: dict[str, Any] = {}
    for name, many in spent.items():
        found[f"{name}, tokens/s"] = median(one.tokens_per_s for one in many)
        found[f"{name}, CPU µs"] = median(one.cpu_us for one in many)
        found[f"{name}, failed"] = sum(one.failed for one in many)
    found["gateway of peer, CPU"] = found["gateway, CPU µs"] / found["oidc-provider, CPU µs"]
    found["gateway of peer, tokens/s"] = (
        found["gateway, tokens/s"] / found["oidc-provider, tokens/s"]
    )
    return found


def text(found: dict[str, Any]) -> str:
    """Return the figures for people, as Markdown."""
    lines = ["| Bound tokens | Value |", "|---|--:|"]
    return "\n".join([*lines, *(f"| {name} | {value:,.2f} |" for name, value in found.items())])


async def once(endpoint: Endpoint) -> Spent:
    """Get `TOKENS` tokens over eight connections."""
    nonce = await asyncio.to_thread(endpoint.nonce)
    where = urlsplit(endpoint.issuer)
    wires = [wire(where.netloc, endpoint.path, *endpoint.request(nonce)) for _ in range(TOKENS)]
    before, began = cpu_s(endpoint.pids), time.monotonic()
    shares = [wires[number::CONNECTIONS] for number in range(CONNECTIONS)]
    host, port = str(where.hostname), int(where.port or 80)
    failed = sum(await asyncio.gather(*(ask(host, port, share) for share in shares)))
    took, cpu = time.monotonic() - began, cpu_s(endpoint.pids) - before
    return Spent(TOKENS / took, cpu / TOKENS * 1e6, failed)


def wire(host: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return a request as it goes over the wire."""
    named = {"Host": host, "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def ask(host: str, port: int, wires: Sequence[bytes]) -> int:
    """Send one request after the other over one connection; return how many got no token."""
    reader, writer = await asyncio.open_connection(host, port)
    failed = 0
    for one in wires:
        writer.write(one)
        status, body = await answer(reader)
        failed += status != HTTPStatus.OK or "access_token" not in json.loads(body)
    writer.close()
    await writer.wait_closed()
    return failed


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    named = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    return int(head[0].split()[1]), await reader.readexactly(int(named["content-length"]))


@contextmanager
def others(resource: str) -> Iterator[Endpoint]:
    """Serve the peer; its client holds a key of its own."""
    key = new_client_key()
    process = subprocess.Popen(
        ["node", "oidc/tokens.mjs"],
        cwd=OTHERS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        issuer = process.stdout.readline().strip()
        given = {"client_id": CLIENT, "jwk": key.public, "resource": resource}
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            pin(int(task.name))
        yield Endpoint(
            name="oidc-provider", issuer=issuer, path="/token", pids=(process.pid,), key=key
        )
    finally:
        process.terminate()
        process.wait(WAIT_S)
