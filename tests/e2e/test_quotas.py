"""Quotas, budgets of people and windows, counted over two workers."""

import itertools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.calling.system import System
from gateway.calling.wire import Answer
from gateway.clock import utc_now
from gateway.demo.province import Province
from gateway.errors import Code
from tests.province import (
    ANH,
    HUY,
    KHOI,
    PERMIT,
    exchange_of,
    leaves_of,
    system_of,
    wait_until,
    workers_of,
)

Caller = Callable[[str], System]
HOME = {**ANH, "ma_xa": "99003"}
PER_DAY, PER_MINUTE, PEOPLE = 7, 3, 2  # of tests/e2e/catalog.yaml
TRIES = 24


def ask_at_once(
    province: Province, client_id: str, service: str, question: dict[str, object]
) -> list[Answer]:
    """Put *question* many times from many connections, so that both workers get their share."""
    system = system_of(province, client_id)
    system.token()
    with ThreadPoolExecutor(6) as callers:
        return list(callers.map(lambda _: system.ask(service, question), range(TRIES)))


def test_a_days_quota_holds_over_both_workers(province: Province) -> None:
    """However the calls fall on the workers, exactly the agreed number passes."""
    answers = ask_at_once(province, "thu-hanmuc", "dancu.xacminhnoio", {"subject": HOME, **PERMIT})

    assert {"ok": PER_DAY, Code.QUOTA: TRIES - PER_DAY} == Counter(each.code for each in answers)
    assert 2 == len(workers_of(province))
    refused = next(each for each in answers if each.code == Code.QUOTA)
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    allowed = [each for each in answers if each.code == "ok"]
    assert {f'"day";q={PER_DAY}'} == {each.headers["ratelimit-policy"] for each in allowed}
    assert 2 == len({leaf_of(province, each)["w"]["id"] for each in answers})  # both were asked


def leaf_of(province: Province, answer: Answer) -> dict[str, dict[str, str]]:
    """Return the one record of *answer*."""
    (leaf,) = leaves_of(province, exchange_of(answer))
    return leaf


def test_a_minutes_quota_holds_and_comes_back(province: Province) -> None:
    """A burst is cut off by the minute; who waits as told is served again."""
    wait_until(lambda: utc_now().second < 45, 20)  # the burst lies within one minute
    answers = ask_at_once(province, "thu-hanmuc", "dancu.xacthuc", {"subject": ANH, **PERMIT})

    codes = Counter(each.code for each in answers)
    assert {"ok": PER_MINUTE, Code.RATE_LIMITED: TRIES - PER_MINUTE} == codes
    refused = next(each for each in answers if each.code == Code.RATE_LIMITED)
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert ["rate_limited"] == leaves_of(province, exchange_of(refused))[0]["basis"]["reasons"]


def test_a_budget_of_people_counts_people_and_not_calls(system: Caller) -> None:
    """Two people a day: as many calls as needed about them, none about a third."""
    ask = system("thu-hanmuc").ask
    codes = [
        ask("dancu.honnhan", {"subject": person, **PERMIT}).code
        for person in itertools.chain([ANH, HUY] * 4, [KHOI] * 4, [ANH, HUY])
    ]

    assert ["ok"] * 4 * PEOPLE + [Code.PERSON_BUDGET] * 4 + ["ok"] * PEOPLE == codes


def test_the_seeds_small_quota_is_five_a_day(province: Province) -> None:
    """The agreement that the demo shows: the sixth call of the day is refused."""
    answers = ask_at_once(province, "motcua-xa", "dancu.xacminhnoio", {"subject": HOME, **PERMIT})

    assert {"ok": 5, Code.QUOTA: TRIES - 5} == Counter(each.code for each in answers)


@pytest.mark.parametrize("service", ["dancu.tracuu"])
def test_a_refused_call_spends_nothing(system: Caller, service: str) -> None:
    """Only a covered question counts: a shut window is told without a balance."""
    answer = system("thu-hanmuc").ask(service, {"subject": ANH, **PERMIT})

    assert Code.OUTSIDE_WINDOW == answer.code
    assert "ratelimit" not in answer.headers
