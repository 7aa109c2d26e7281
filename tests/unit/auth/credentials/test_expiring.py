"""Ends of credentials: near, past, relieved, and who is warned when."""

from datetime import timedelta

import pytest

from auth.credentials.expiring import EndState, Kind, endings, mark_of, next_end, warnings
from auth.systems import blocked, suspended
from tests.party_builders import CLIENT_KEY, NOON, OTHER_KEY, OUR_NOTE, a_registration, a_system

OLD, NEW = CLIENT_KEY.public["kid"], OTHER_KEY.public["kid"]
THUMBPRINT = "A" * 43
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "state", "days"),
    [
        pytest.param(31 * DAY, EndState.GOOD, 31, id="31 days"),
        pytest.param(30 * DAY + timedelta(seconds=1), EndState.GOOD, 31, id="a second more"),
        pytest.param(30 * DAY, EndState.ENDING, 30, id="30 days"),
        pytest.param(timedelta(seconds=1), EndState.ENDING, 1, id="a second"),
        pytest.param(timedelta(0), EndState.ENDED, 0, id="now"),
        pytest.param(-DAY, EndState.ENDED, 0, id="yesterday"),
    ],
)
def test_how_near_an_end_is(left: timedelta, state: EndState, days: int) -> None:
    """Days are rounded up: whoever reads "1 day" has at most a day."""
    (key,) = endings(a_registration(ends={OLD: NOON + left}), NOON)

    assert (Kind.KEY, OLD, state, days) == (key.kind, key.name, key.state, key.days_left)


def test_what_has_no_end_is_good() -> None:
    """An end is optional; certificates are told beside the keys."""
    key, certificate = endings(a_registration(certificates=(THUMBPRINT,)), NOON)

    assert (EndState.GOOD, None) == (key.state, key.days_left)
    assert (Kind.CERTIFICATE, THUMBPRINT) == (certificate.kind, certificate.name)


@pytest.mark.parametrize(
    ("days", "mark"),
    [(31, None), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (2, 7), (1, 1), (0, 0)],
)
def test_a_warning_is_said_again_at_each_mark(days: int, mark: int | None) -> None:
    """30, 14, 7 days and one; then that it has ended."""
    assert mark == mark_of(days)


def test_whoever_has_a_longer_key_is_not_warned() -> None:
    """The old key of a rotation ends as it should: no noise."""
    both = a_system(jwks=(CLIENT_KEY.public, OTHER_KEY.public), ends={OLD: NOON + DAY})

    assert () == warnings([both], NOON)


def test_the_nearest_end_comes_first_and_the_blocked_are_left_out() -> None:
    """A suspended system may come back tomorrow, and would find itself locked out."""
    ends = {OLD: NOON + 5 * DAY}
    systems = [
        a_system(client_id="b", ends={OLD: NOON + 20 * DAY}),
        suspended(a_system(client_id="a", ends=ends), OUR_NOTE),
        blocked(a_system(client_id="c", ends=ends), OUR_NOTE),
        a_system(client_id="d", ends={OLD: NOON}),
        a_system(client_id="e", jwks=(), jwks_uri="https://keys.example/", certificates=()),
    ]

    found = [(each.days, each.client_id) for each in warnings(systems, NOON)]

    assert [(0, "d"), (7, "a"), (30, "b")] == found


def test_the_last_credential_that_still_lives_is_the_one_that_is_named() -> None:
    """The operator has to renew that one; the dead ones do not matter."""
    both = a_system(
        jwks=(CLIENT_KEY.public, OTHER_KEY.public), ends={OLD: NOON - DAY, NEW: NOON + 3 * DAY}
    )

    (warned,) = warnings([both], NOON)

    assert (7, NEW) == (warned.days, warned.name)


def test_the_next_end_is_that_of_a_last_credential() -> None:
    """The old key of a rotation ends sooner, and nobody is locked out by it."""
    rotated = a_system(
        jwks=(CLIENT_KEY.public, OTHER_KEY.public), ends={OLD: NOON + DAY, NEW: NOON + 9 * DAY}
    )

    assert NOON + 9 * DAY == next_end([rotated], NOON)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({}, id="has no end"),
        pytest.param({"ends": {OLD: NOON}}, id="has ended"),
        pytest.param({"certificates": (THUMBPRINT,), "ends": {OLD: NOON + DAY}}, id="is relieved"),
        pytest.param({"jwks": (), "jwks_uri": "https://keys.example/jwks"}, id="is published"),
    ],
)
def test_a_system_has_no_next_end_whose_credential(members: dict[str, object]) -> None:
    """A gauge at nought for ever would hide the next system that really ends."""
    assert next_end([a_system(**members)], NOON) is None


def test_a_blocked_system_has_no_next_end() -> None:
    """It proves nothing any more, whatever its key says."""
    ended = blocked(a_system(ends={OLD: NOON + DAY}), OUR_NOTE)

    assert next_end([ended], NOON) is None
