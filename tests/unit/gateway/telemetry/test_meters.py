"""Tests of the counters: right numbers, bounded series, and cheap enough for each exchange."""

import threading
import time

import pytest

from gateway.telemetry import Meters
from gateway.telemetry.instruments import BOUNDS_S, MOST_SERIES, OTHER, Histogram
from gateway.telemetry.meters import AT_ONCE, DECISIONS, EXCHANGE, GAUGES, LIMITED
from gateway.telemetry.meters import SERVED as REQUESTS

SERVED = ("POST", "/v1/data/{service}", "200")


def test_an_exchange_is_split_into_gateway_and_source() -> None:
    """An operator sees at once whose time it was."""
    meters = Meters()

    meters.exchange("cu-tru", "H30", "allow", SERVED, 0.030, 0.020)
    meters.settle()

    series = meters.durations[EXCHANGE.name].series
    sums = {labels[0]: round(each.total_s, 6) for labels, each in series.items()}
    assert {"total": 0.030, "upstream": 0.020, "gateway": 0.010} == sums


def test_an_exchange_is_a_request_served_as_well() -> None:
    """The board of HTTP requests and the board of exchanges must not tell two stories."""
    meters = Meters()
    for _ in range(AT_ONCE + 3):
        meters.exchange("cu-tru", "H30", "allow", SERVED, 0.003, 0.002)

    served = meters.durations[REQUESTS.name].series[SERVED]
    assert AT_ONCE == sum(served.buckets)  # the rest is counted when somebody looks
    meters.settle()
    meters.settle()
    assert AT_ONCE + 3 == sum(served.buckets)


def test_many_threads_that_look_lose_and_double_nothing() -> None:
    """A scrape reads from a thread of its own while exchanges go on."""
    meters = Meters()
    looks = [threading.Thread(target=_look, args=(meters,)) for _ in range(4)]
    for each in looks:
        each.start()
    for number in range(20_000):
        meters.exchange(f"service-{number % 7}", "H30", "allow", SERVED, 0.003, 0.002)
    for each in looks:
        each.join()
    meters.settle()

    series = meters.durations[EXCHANGE.name].series.values()
    assert 3 * 20_000 == sum(sum(each.buckets) for each in series)
    assert 20_000 == sum(meters.durations[REQUESTS.name].series[SERVED].buckets)


def _look(meters: Meters) -> None:
    for _ in range(500):
        meters.settle()


@pytest.mark.parametrize(
    ("duration_s", "place"), [(0.0, 0), (BOUNDS_S[0], 0), (BOUNDS_S[1], 1), (60.0, len(BOUNDS_S))]
)
def test_a_duration_on_a_bound_belongs_below_it(duration_s: float, place: int) -> None:
    """Prometheus' `le` includes its bound."""
    histogram = Histogram()

    histogram.add(duration_s)

    assert 1 == histogram.buckets[place]


def test_a_decision_is_allow_or_deny_with_its_code() -> None:
    """A spike of one refusal is seen by its code."""
    meters = Meters()

    meters.decision("H30", "cu-tru", "allow")
    meters.decision("H30", "cu-tru", "quota")

    found = set(meters.counts[DECISIONS.name].series)
    assert {("cu-tru", "H30", "allow", "allow"), ("cu-tru", "H30", "deny", "quota")} == found


@pytest.mark.parametrize(
    ("code", "policies"),
    [
        pytest.param("rate_limited", ["minute"], id="calls a minute"),
        pytest.param("quota", ["day"], id="calls a day"),
        pytest.param("person_budget", ["people"], id="people a day"),
        pytest.param("consent_missing", [], id="another refusal"),
        pytest.param("allow", [], id="no refusal"),
    ],
)
def test_a_quota_that_refuses_is_counted_by_agency(code: str, policies: list[str]) -> None:
    """Who outgrows its agreement is seen before it calls us."""
    meters = Meters()

    meters.decision("H30", "cu-tru", code)

    assert {("H30", each) for each in policies} == set(meters.counts[LIMITED.name].series)


def test_series_are_bounded_and_nothing_is_lost() -> None:
    """Ten thousand services must not fill the memory of a worker, or of Prometheus."""
    meters = Meters()
    for number in range(MOST_SERIES + 50):
        meters.decision("H30", f"service-{number}", "allow")

    series = meters.counts[DECISIONS.name].series
    assert MOST_SERIES + 1 == len(series)
    assert 50 == series[(OTHER,) * 4].value


def test_exchanges_are_bounded_and_nothing_is_lost() -> None:
    """The short cut to an exchange's series obeys the same bound."""
    meters = Meters()
    for number in range(MOST_SERIES):
        meters.exchange(f"service-{number}", "H30", "allow", SERVED, 0.01, 0.005)
    meters.settle()

    series = meters.durations[EXCHANGE.name].series
    counted = sum(sum(each.buckets) for each in series.values())
    assert MOST_SERIES + 1 == len(series)
    assert 3 * MOST_SERIES == counted


def test_a_gauge_must_be_in_the_table() -> None:
    """A name that no board knows is a name nobody looks at."""
    with pytest.raises(KeyError):
        Meters().observe("motlan.unheard.of", lambda: 1)


def test_every_name_follows_the_convention() -> None:
    """Boards and alerts are written against these names."""
    meters = Meters()

    names = [*meters.durations, *meters.counts, *GAUGES]
    assert all(name.split(".")[0] in {"motlan", "http", "db"} for name in names)
    assert len(names) == len(set(names))


def test_counting_costs_next_to_nothing() -> None:
    """Budget: 3 µs of an exchange's 120; here with room for a busy machine."""
    meters = Meters()
    calls = 20_000
    meters.exchange("cu-tru", "H30", "allow", SERVED, 0.003, 0.002)
    begin = time.process_time()
    for _ in range(calls):
        meters.exchange("cu-tru", "H30", "allow", SERVED, 0.003, 0.002)
        meters.decision("H30", "cu-tru", "allow")

    assert (time.process_time() - begin) / calls < 10e-6
