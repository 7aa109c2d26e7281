"""What a DPoP proof adds to an exchange, in one process: beside a certificate, beside one check.

The callers are in the measured process and make nothing there: their proofs are made before the
clock starts.  The load of a process that serves is measured elsewhere; here it is the difference.
One check is measured twice: alone, where it has the processor's caches to itself, and in place,
once after each exchange by certificate, where it has to share them as the check of a proof does.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import uvloop

from auth.base64url import decoded
from auth.client import dpop_proof
from auth.jose import (
    Algorithm,
    made_by,
    new_private_jwk,
    public_jwk,
    signed_with_key_shown,
    signing_key,
    verification_key,
)
from bench.servers import QUESTION, Bench
from gateway.api.exchanges import ExchangeHandler
from gateway.calling.bindings import Proofs
from gateway.calling.system import System
from gateway.settings import load
from gateway.worker import Worker

PATH = "/v1/data/datdai.thua"
TASKS = 32
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "EdDSA")
CHECKS = 2_000
Headers = list[tuple[bytes, bytes]]
_BODY = json.dumps(QUESTION).encode()


class Shown:
    """One kind of caller: its token, and what it shows with each question."""

    def __init__(
        self,
        fixed: Mapping[str, str],
        proof: Callable[[], str] | None = None,
        check: Callable[[], bool] | None = None,
    ) -> None:
        """Prepare.

        Args:
            fixed: headers of each question.
            proof: makes the proof of one question; None where none is sent.
            check: what is done beside each exchange.
        """
        self.check = check or bool
        self._fixed = _lines(
            {"Content-Type": "application/json", "Content-Length": str(len(_BODY)), **fixed}
        )
        self._proof = proof

    def questions(self, count: int) -> list[Headers]:
        """Return the headers of *count* questions; each proof is made here, once."""
        proof = self._proof
        if proof is None:
            return [self._fixed] * count
        return [[*self._fixed, (b"dpop", proof().encode())] for _ in range(count)]


def measure(bench: Bench, rounds: int, calls: int = 60) -> dict[str, Any]:
    """Return CPU microseconds per exchange by binding, and what one signature check costs.

    Args:
        bench: its province runs; a worker of our own joins it.
        rounds: interleaved repetitions.
        calls: of each of 32 tasks, in each repetition.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        spent = runner.run(_spent(bench, rounds, calls))
    found: dict[str, Any] = {"certificate, CPU µs": median(spent["certificate"])}
    for algorithm in ALGORITHMS:
        added, alone = _added(spent, algorithm), check_us(algorithm)
        in_place = _added(spent, in_place_of(algorithm))
        found |= {
            f"{algorithm} proof adds, CPU µs": added,
            f"{algorithm} signature check alone, CPU µs": alone,
            f"{algorithm} signature check in place, CPU µs": in_place,
            f"{algorithm} proof adds, of its check": added / alone,
            f"{algorithm} proof adds, of its check in place": added / in_place,
        }
    return found


def in_place_of(algorithm: Algorithm) -> str:
    """Return the name of the caller beside whose exchanges signatures are checked."""
    return f"certificate and {algorithm}"


def _added(spent: Mapping[str, Sequence[float]], name: str) -> float:
    """Return what *name* costs beyond the certificate, each repetition by its own."""
    return median(one - bare for one, bare in zip(spent[name], spent["certificate"], strict=True))


def text(found: dict[str, Any]) -> str:
    """Return the figures for people, as Markdown."""
    lines = ["| Proof of possession, in process | Value |", "|---|--:|"]
    return "\n".join([*lines, *(f"| {name} | {value:,.2f} |" for name, value in found.items())])


def check_us(algorithm: Algorithm) -> float:
    """Return the CPU of one signature check, microseconds: what no proof can do without."""
    check = _check(algorithm)
    began = time.process_time()
    for _ in range(CHECKS):
        check()
    return (time.process_time() - began) / CHECKS * 1e6


def _check(algorithm: Algorithm) -> Callable[[], bool]:
    """Return what checks a signature over as many bytes as a proof has."""
    key = signing_key(new_private_jwk(algorithm))
    made = signed_with_key_shown(secrets.token_bytes(150), key, typ="dpop+jwt")
    message = made.rpartition(".")[0].encode()
    public, signature = verification_key(public_jwk(key)), _signature(made)
    return lambda: made_by(public, algorithm, message, signature)


async def _spent(bench: Bench, rounds: int, calls: int) -> dict[str, list[float]]:
    province = bench.province
    environ = {n: v for n, v in province.environment().items() if n.startswith("MOTLAN")}
    settings = load({"management": {"port": 0}, "audit": {"node": "inproc"}}, environ)
    worker = Worker(settings)
    callers = await asyncio.to_thread(_callers, bench, settings.identity.issuer)
    spent: dict[str, list[float]] = {name: [] for name in callers}
    async with worker.running():
        for repetition in range(rounds + 1):
            for name, caller in callers.items():
                questions = [caller.questions(calls) for _ in range(TASKS)]
                us = await _once(worker.exchange, questions, caller.check)
                if repetition:  # the first warms up
                    spent[name].append(us)
    return spent


def _callers(bench: Bench, issuer: str) -> dict[str, Shown]:
    callers = {"certificate": Shown(bench.peers[0].headers)}
    province = bench.province
    for algorithm in ALGORITHMS:
        private = new_private_jwk(algorithm)
        key = province.keys["motcua-xa"]
        binding = Proofs(private, time.time)
        system = System(province.gateway, "motcua-xa", key, binding=binding, issuer=issuer)
        token = system.token()
        callers[algorithm] = Shown(
            {"Authorization": f"DPoP {token}"}, _maker(private, issuer + PATH, token)
        )
        callers[in_place_of(algorithm)] = Shown(bench.peers[0].headers, check=_check(algorithm))
    return callers


def _maker(private: dict[str, str], url: str, token: str) -> Callable[[], str]:
    return lambda: dpop_proof(private, method="POST", url=url, now=time.time(), token=token)


async def _once(
    exchange: ExchangeHandler, questions: Sequence[Sequence[Headers]], check: Callable[[], bool]
) -> float:
    """Put all questions, 32 at a time; return the CPU of one, microseconds."""
    statuses: list[int] = []

    async def receive() -> Any:  # noqa: ANN401 - the server's message
        return {"type": "http.request", "body": _BODY, "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - the server's message
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def ask(mine: Sequence[Headers]) -> None:
        for headers in mine:
            scope: Any = {
                "type": "http", "method": "POST", "path": PATH, "headers": headers,
                "client": ("127.0.0.1", 1),
            }  # fmt: skip
            await exchange(scope, receive, send)
            check()

    began = time.process_time()
    await asyncio.gather(*(ask(mine) for mine in questions))
    spent = time.process_time() - began
    if set(statuses) != {200}:
        raise RuntimeError(f"answers other than 200: {sorted(set(statuses))}")
    return spent / len(statuses) * 1e6


def _lines(headers: dict[str, str]) -> Headers:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _signature(made: str) -> bytes:
    return decoded(made.rpartition(".")[2]) or b""
