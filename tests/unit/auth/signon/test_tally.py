"""How sign-ons end, counted."""

import pytest

from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.tally import BEGUN, Tally


def end(tally: Tally, provider: str, ending: Ending) -> None:
    """Let one visit fail."""
    with pytest.raises(SignOnRefused), tally.visit(provider, BEGUN):
        raise SignOnRefused(ending, "a fact")


def test_every_visit_is_counted_once_by_how_it_ended() -> None:
    """An operator sees whether people get in, and nobody sees who."""
    tally = Tally(["staff"])
    with tally.visit("staff", BEGUN):
        pass
    end(tally, "staff", Ending.SIGN_ON_CANCELLED)
    end(tally, "<script>", Ending.PROVIDER_UNKNOWN)

    expected = {"begun": 1, "sign_on_cancelled": 1, "provider_unknown": 1}
    assert expected == tally.endings()


def test_a_provider_is_away_until_it_answers_again() -> None:
    """What a browser sends cannot make a provider look dead."""
    tally = Tally(["staff", "vneid"])
    end(tally, "staff", Ending.PROVIDER_UNAVAILABLE)
    end(tally, "vneid", Ending.PROVIDER_REFUSED)
    end(tally, "nobody", Ending.PROVIDER_UNAVAILABLE)
    assert {"staff": 1, "vneid": 0} == tally.away()

    with tally.visit("staff", BEGUN):
        pass
    assert {"staff": 0, "vneid": 0} == tally.away()
