"""Pure rules of grants: whom they may be asked for, and whose accounts somebody sees."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auth.people import Person, Role
from auth.permissions import HOLDERS, Permission, may_any
from auth.roles.errors import GrantRefused, OutsideScope
from auth.roles.forbidden import PAIRS, SOURCES, can_stand_together, forbidden
from auth.roles.grants import (
    AGENCY_SCOPED,
    EVERYTHING,
    GRANTABLE,
    Cause,
    Scope,
    State,
    Wanted,
    asked,
    scope_of,
)
from auth.roles.reasons import reason_of
from auth.roles.reviews import Pace, Review, hours_of

NOON = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WANTED = Wanted(account_id="u-aaaaaaaaaaaaaaaa", role=Role.OFFICIAL, reason="phân công")
ROLES = st.frozensets(st.sampled_from(sorted(Role)))
ADMINISTRATION = [
    Permission.ACCOUNT_READ, Permission.ACCOUNT_PREPARE, Permission.ACCOUNT_CHANGE,
    Permission.ROLE_READ, Permission.ROLE_ASK, Permission.ROLE_DECIDE, Permission.ROLE_REVOKE,
    Permission.REVIEW_READ, Permission.REVIEW_DECIDE,
    Permission.SYSTEM_READ, Permission.SYSTEM_REGISTER, Permission.SYSTEM_SUSPEND,
]  # fmt: skip


def someone(*roles: Role, agency: str | None = "H99.01") -> Person:
    """Return a person with *roles*."""
    return Person(
        id="u-bbbbbbbbbbbbbbbb", name="Trần Thử", agency=agency, roles=frozenset(roles),
        acr="urn:sso:2", auth_time=0,
    )  # fmt: skip


def a_grant(**members: object) -> object:
    """Return what `WANTED` asks for, with other members."""
    made = asked(WANTED, grant_id="g", works_at="H99.01", by="qt", now=NOON)
    return replace(made, **members)


def test_a_grant_begins_at_once_and_without_an_end_unless_said() -> None:
    """What nobody limits is limited by the next review."""
    grant = asked(WANTED, grant_id="g", works_at="H99.01", by="qt", now=NOON)

    assert (NOON, None, "H99.01") == (grant.valid_from, grant.valid_to, grant.agency)


def test_only_a_role_at_an_agency_carries_the_agency() -> None:
    """An auditor is an auditor of the province."""
    made = {
        role: asked(
            replace(WANTED, role=role), grant_id="g", works_at="H99.01", by="qt", now=NOON
        ).agency
        for role in GRANTABLE
    }

    assert {role: "H99.01" if role in AGENCY_SCOPED else None for role in GRANTABLE} == made


@pytest.mark.parametrize(
    ("members", "fact"),
    [
        ({"role": Role.CITIZEN}, "role"),
        ({"role": Role.BREAK_GLASS}, "role"),
        ({"valid_from": NOON - 2 * DAY}, "valid_from"),
        ({"valid_from": NOON + 400 * DAY}, "valid_from"),
        ({"valid_to": NOON}, "valid_to"),
        ({"valid_to": datetime.max.replace(tzinfo=timezone(-14 * HOUR))}, "valid_to"),
        ({"valid_from": NOON + 2 * DAY, "valid_to": NOON + DAY}, "valid_to"),
    ],
)
def test_what_cannot_be_asked_for_is_named(members: dict[str, object], fact: str) -> None:
    """The member, and not what somebody typed into it."""
    with pytest.raises(GrantRefused) as refused:
        asked(replace(WANTED, **members), grant_id="g", works_at=None, by="qt", now=NOON)

    assert fact == refused.value.fact


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({}, State.ASKED),
        ({"approved": False}, State.REFUSED),
        ({"approved": True}, State.GRANTED),
        ({"approved": True, "valid_to": NOON + DAY}, State.GRANTED),
        ({"approved": True, "valid_to": NOON}, State.ENDED),
        ({"approved": True, "ended_at": NOON, "cause": Cause.LAPSED}, State.ENDED),
    ],
)
def test_a_grant_stands_where_its_rows_say(members: dict[str, object], state: State) -> None:
    """Time ends it as well as people do; its last instant is the first without it."""
    assert state is getattr(a_grant(**members), "state")(NOON)  # noqa: B009 - built of any members


def test_a_scope_of_one_agency_covers_that_agency_alone() -> None:
    """And nothing that works nowhere."""
    scope = Scope("H99.01", frozenset({Role.OFFICIAL}))

    assert [True, False, False] == [scope.covers(each) for each in ("H99.01", "H99.02", None)]
    with pytest.raises(OutsideScope):
        scope.demand(Role.AUDITOR, "H99.01")


def test_one_agency_changes_those_who_hold_no_more_than_an_officials_role() -> None:
    """Whoever watches or appoints its administrator is changed by the province."""
    here, everywhere = Scope("H99.01", frozenset({Role.OFFICIAL})), EVERYTHING

    here.demand_over(frozenset())
    here.demand_over(frozenset({Role.OFFICIAL}))
    everywhere.demand_over(frozenset(Role))
    for role in set(Role) - {Role.OFFICIAL}:
        with pytest.raises(OutsideScope):
            here.demand_over(frozenset({role, Role.OFFICIAL}))


@given(ROLES, st.sampled_from(ADMINISTRATION))
def test_only_a_role_that_holds_the_permission_widens_the_scope(
    roles: frozenset[Role], permission: Permission
) -> None:
    """An agency's administrator who is also something else sees no more accounts by it."""
    wide = scope_of(someone(*roles), permission).agency is None

    assert wide == bool(roles & (HOLDERS[permission] - AGENCY_SCOPED))


def test_an_administrator_of_no_agency_sees_nothing() -> None:
    """A missing agency is not every agency."""
    nowhere = someone(Role.AGENCY_ADMINISTRATOR, agency=None)

    with pytest.raises(OutsideScope):
        scope_of(nowhere, Permission.ACCOUNT_READ)


def test_every_pair_is_in_order_and_names_its_source() -> None:
    """The database compares in this order, and an auditor wants to know why."""
    assert [(p.one, p.other) for p in PAIRS] == sorted((p.one, p.other) for p in PAIRS)
    assert {pair.source for pair in PAIRS} == set(SOURCES)


def test_an_auditor_holds_nothing_beside_it() -> None:
    """Whoever judges the record changes nothing that it records (design.md section 8)."""
    others = GRANTABLE - {Role.AUDITOR}

    assert [True] * len(others) == [bool(forbidden(Role.AUDITOR, {each})) for each in others]


@given(ROLES)
def test_what_can_stand_together_holds_no_pair(roles: frozenset[Role]) -> None:
    """Both questions give the same answer, whichever role comes last."""
    each_alone = all(forbidden(role, roles - {role}) is None for role in roles)

    assert each_alone == can_stand_together(roles)


@given(ROLES.filter(can_stand_together))
def test_no_permitted_combination_both_judges_the_record_and_changes_it(
    roles: frozenset[Role],
) -> None:
    """What the pairs are for, said in permissions."""
    judges = may_any(roles, Permission.FINDING_JUDGE)
    changes = (
        Permission.ROLE_ASK, Permission.ROLE_DECIDE, Permission.ACCOUNT_CHANGE,
        Permission.RETENTION_ACT, Permission.SEAL_APPROVE, Permission.SEAL_ASK,
    )  # fmt: skip

    without = roles - {Role.BREAK_GLASS}  # an account of its own, with no other role
    assert not (judges and any(may_any(without, each) for each in changes))


@pytest.mark.parametrize("text", ["", "ab", "x" * 501, "theo 003 190 000 123", "một\u202etrò"])
def test_a_reason_is_written_and_holds_no_number(text: str) -> None:
    """It is kept for years, and nobody needs a person's number in it."""
    with pytest.raises(GrantRefused) as refused:
        reason_of(text)

    assert "reason" == refused.value.fact


def test_a_reason_is_kept_in_one_spelling() -> None:
    """Blanks at its ends are nobody's reason."""
    assert "Quyết định 12/QĐ" == reason_of("  Quyết định 12/QĐ\n".replace("\n", " "))


def test_a_review_has_its_days_and_then_its_grace() -> None:
    """What nobody confirmed does not end on the day it is due."""
    pace = Pace(every=180 * DAY, within=30 * DAY, grace=10 * DAY)

    assert (NOON - 180 * DAY, NOON + 30 * DAY, NOON + 40 * DAY) == hours_of(pace, NOON)


def test_a_review_is_overdue_while_something_waits() -> None:
    """From its due date on, and no longer once everything was decided."""
    review = Review(
        id="r", opened_at=NOON - DAY, due_at=NOON, lapses_at=NOON + DAY, grants=2, open=1
    )

    assert [False, True] == [review.is_overdue(at) for at in (NOON - DAY, NOON)]
    assert not replace(review, open=0).is_overdue(NOON)
