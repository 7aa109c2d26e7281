"""How often one account may search."""

import pytest

from gateway.errors import Code, Refusal
from gateway.search.rates import MOST_ACCOUNTS, Rate


class Watch:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        """Return the present second."""
        return self.now


def spent(rate: Rate, account: str, times: int) -> int:
    """Spend until refused; return how often it was let through."""
    for done in range(times):
        try:
            rate.spend(account)
        except Refusal:
            return done
    return times


def test_an_account_that_asks_too_often_waits_and_others_do_not() -> None:
    """Row 33 of the fault matrix: one auditor's script does not take the search from the rest."""
    watch = Watch()
    rate = Rate(60, watch)

    assert spent(rate, "kt-01", 100) == 60
    assert spent(rate, "kt-02", 1) == 1
    watch.now = 10.0
    assert spent(rate, "kt-01", 100) == 10


def test_a_refusal_says_how_long_to_wait() -> None:
    """Retry-After is read by programs."""
    rate = Rate(2, Watch())
    spent(rate, "kt-01", 2)

    with pytest.raises(Refusal) as caught:
        rate.spend("kt-01")
    assert (Code.RATE_LIMITED, 30) == (caught.value.code, caught.value.facts["retry_after_s"])


def test_less_than_one_a_minute_still_lets_the_first_through() -> None:
    """Many workers share a small limit."""
    rate = Rate(0.5, Watch())

    assert spent(rate, "kt-01", 2) == 1


def test_a_flood_of_accounts_costs_no_memory() -> None:
    """Who has waited longest is forgotten first, for their bucket is fullest."""
    rate = Rate(1, Watch())
    for n in range(MOST_ACCOUNTS + 5):
        rate.spend(f"kt-{n}")

    assert spent(rate, "kt-0", 1) == 1
    assert spent(rate, f"kt-{MOST_ACCOUNTS + 4}", 1) == 0
