"""One thing found twice is one finding; a judged one is left alone."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from gateway.findings.finding import Known, State, identity, placed
from gateway.findings.reasons import LONGEST, ReasonRefused, reason_of
from gateway.findings.rules import Found, Rule, Severity
from gateway.findings.tallies import Scope
from tests.finding_builders import DAY, pseudonym

FOUND = Found(
    rule=Rule.REPEATED,
    scope=Scope.OFFICIAL,
    actor=pseudonym("an"),
    agency="H31.12",
    about=pseudonym("ex"),
    first_day=DAY - timedelta(days=6),
    last_day=DAY,
    value=3,
    usual=1.0,
    threshold=2.0,
    support=9,
    severity=Severity.MEDIUM,
    sample=(1, 2, 3),
)


def earlier(state: State, *, first: int = 8, last: int = 1, **said: str) -> Known:
    """Return a finding known before: from *first* to *last* days ago."""
    days = DAY - timedelta(days=first), DAY - timedelta(days=last)
    return Known(
        identity(replace(FOUND, first_day=days[0])),
        said.get("rule", FOUND.rule),
        said.get("about", FOUND.about),
        *days,
        state,
    )


def test_an_id_depends_on_what_was_found_and_not_on_its_figures() -> None:
    """Judging the same days again makes no second finding."""
    assert identity(FOUND) == identity(replace(FOUND, value=9, last_day=DAY + timedelta(days=1)))
    assert 4 == len(
        {
            identity(FOUND),
            identity(replace(FOUND, actor=pseudonym("binh"))),
            identity(replace(FOUND, about="")),
            identity(replace(FOUND, rule=Rule.BARE)),
        }
    )
    assert 8 == identity(FOUND).version


def test_an_open_finding_of_the_same_days_grows() -> None:
    """A window that slides over the same looks tells the same story."""
    known = earlier(State.OPEN)

    assert known.id == placed(FOUND, [known])


@pytest.mark.parametrize("state", [State.CONFIRMED, State.DISMISSED])
def test_a_judged_finding_is_not_raised_again_for_the_same_days(state: State) -> None:
    """An auditor who has decided is not asked every day anew."""
    assert placed(FOUND, [earlier(state)]) is None


@pytest.mark.parametrize(
    "known",
    [
        earlier(State.DISMISSED, first=20, last=7),  # its days are over
        earlier(State.DISMISSED, rule="bare"),
        earlier(State.DISMISSED, about=pseudonym("another")),
    ],
)
def test_something_else_is_a_finding_of_its_own(known: Known) -> None:
    """Dismissing one thing closes no eye on another."""
    assert identity(FOUND) == placed(FOUND, [known])


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("ngắn", "length"),
        (" " * 50, "length"),
        ("x" * (LONGEST + 1), "length"),
        ("thẻ 003190000123 của người thân", "digits"),
        ("thẻ 003-190-000-123 của người thân", "digits"),
        ("thẻ 003.190.000.123 của người thân", "digits"),
        ("thẻ ٠٠٣١٩٠٠٠٠١٢٣ của người thân", "digits"),
        ("đã xem\u202eđảo ngược chữ", "characters"),
        ("đã xem\u200b và ẩn chữ này đi", "characters"),
    ],
)
def test_a_reason_is_refused_by_name_and_never_repeated(text: str, bound: str) -> None:
    """The refusal may be logged; the number may not."""
    with pytest.raises(ReasonRefused) as refused:
        reason_of(text)

    assert bound == refused.value.bound
    assert bound == str(refused.value)


def test_a_reason_has_one_spelling() -> None:
    """Composed letters, single blanks; dates and short numbers are words like others."""
    assert "Trực đêm 18/11/2026, theo QĐ 123." == reason_of(
        "  Trực  đêm\n18/11/2026,\ttheo QĐ 123.".replace("ê", "e\u0302")
    )
