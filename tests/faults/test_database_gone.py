"""PostgreSQL is away: nothing leaves, callers are told what to do, and it heals by itself."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gateway.calling.system import System, TokenRefused
from gateway.calling.wire import send
from gateway.demo.processes import answers
from gateway.demo.province import Province
from gateway.embedded import EmbeddedPostgres
from gateway.errors import Code
from gateway.problems import PROBLEMS
from tests.audit_rows import stored
from tests.conftest import in_a_loop
from tests.history import History, violations
from tests.province import (
    ANH,
    KHOI,
    PERMIT,
    a_province,
    children,
    exchange_of,
    leaves_of,
    system_of,
    wait_until,
)

WHOLE: dict[str, Any] = {"subject": ANH, **PERMIT}
BY_CONSENT = {"subject": KHOI, "purpose": "khach-hang"}
LONGEST_ANSWER_S = 5.5  # a caller's patience: 3 s for the source, 2 s for the record


@pytest.fixture(scope="module")
def province() -> Iterator[Province]:
    """Give a province whose database goes away and comes back."""
    with a_province() as running:
        yield running


def database_of(province: Province) -> EmbeddedPostgres:
    """Return the province's own PostgreSQL."""
    assert province._postgres is not None
    return province._postgres


@contextmanager
def killed(province: Province) -> Iterator[None]:
    """Kill every process of PostgreSQL; start it again at the end, and wait for both sides."""
    server = database_of(province)
    for one in processes_of(server):
        os.kill(one, signal.SIGKILL)
    wait_until(lambda: server.status().pid is None, 5)
    try:
        yield
    finally:
        server.stop()
        server.start()
        wait_until(lambda: answers(f"{province.management}/health/ready"), 20)


@contextmanager
def frozen(province: Province) -> Iterator[None]:
    """Let every process of PostgreSQL stand still, as a hanging disk does; then let them go on."""
    held = processes_of(database_of(province))
    for one in held:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in reversed(held):
            os.kill(one, signal.SIGCONT)
        wait_until(lambda: answers(f"{province.management}/health/ready"), 30)


def processes_of(server: EmbeddedPostgres) -> list[int]:
    """Return the postmaster and everything it has started."""
    pid = server.status().pid
    assert pid is not None
    return [pid, *children(pid)]


def with_tokens(province: Province) -> tuple[System, System]:
    """Return the permit desk and a bank, each with a token in hand."""
    desk, bank = system_of(province, "motcua-xa"), system_of(province, "thu-dongy")
    wait_until(lambda: desk.ask("dancu.xacthuc", WHOLE).code == "ok", 20, 0.2)
    bank.token()
    return desk, bank


@pytest.mark.parametrize("away", [killed, frozen])
def test_without_a_database_no_data_leaves_and_no_refusal_either(
    province: Province, away: Any
) -> None:
    """P1: not one answer without its record, in time, and not for ever."""
    desk, bank = with_tokens(province)
    with away(province):
        asked = [desk.ask("dancu.xacthuc", WHOLE), bank.ask("dancu.tracuu", BY_CONSENT)]
        ready = answers(f"{province.management}/health/ready")

    for answer in asked:
        assert (Code.AUDIT_UNAVAILABLE, 503) == (answer.code, answer.status)
        assert PROBLEMS[Code.AUDIT_UNAVAILABLE].retryable
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.ms / 1000 < LONGEST_ANSWER_S
    assert not ready
    wait_until(lambda: desk.ask("dancu.xacthuc", WHOLE).code == "ok", 20, 0.2)
    assert [] == violations(History(rows=in_a_loop(lambda: stored(province.dsn))))


def test_a_form_is_not_filled_without_records(province: Province) -> None:
    """Once-only goes through the same exchange: what has no record stays empty."""
    desk, _ = with_tokens(province)
    with killed(province):
        answer = desk.prefill("1.013225", {"subject": ANH, "dossier": PERMIT["dossier"]})

    fields = answer.body.get("fields", [])
    assert [] == [each["code"] for each in fields if each["state"] in {"filled", "confirmed"}]
    assert {Code.AUDIT_UNAVAILABLE.value} >= {
        each["outcome"] for each in answer.body.get("exchanges", [])
    }
    assert "Bến Nghè" not in str(answer.body)


def test_no_token_without_registrations(province: Province) -> None:
    """Whether a system is suspended cannot be known, so nobody gets a token meanwhile."""
    stranger = system_of(province, "motcua-xa")
    with killed(province):
        with pytest.raises(TokenRefused, match=Code.DATABASE_UNAVAILABLE):
            stranger.token()
        live = answers(f"{province.management}/health/live")
        document = send(province.gateway, "GET", "/.well-known/oauth-authorization-server")

    assert live  # a worker that waits for its database must not be restarted for it
    assert 200 == document.status


def test_a_refusal_that_could_not_be_recorded_was_not_told(province: Province) -> None:
    """A no without a trace would hide a prober: the caller hears 503 and no reason."""
    desk, _ = with_tokens(province)
    with killed(province):
        began = time.monotonic()
        answer = desk.ask("dancu.danhsach", WHOLE)
        spent = time.monotonic() - began

    assert Code.AUDIT_UNAVAILABLE == answer.code
    assert spent < LONGEST_ANSWER_S
    assert Code.SERVICE_DISABLED.value not in str(answer.body)
    # What was under way when the server died is stored once it is back: too much, never too little.
    assert {"deny"} >= {leaf["type"] for leaf in leaves_of(province, exchange_of(answer))}
