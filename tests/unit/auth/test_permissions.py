"""The table of permissions: who, how strongly, at which door; and nothing beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.people import ADMINISTERING, Role
from auth.permissions import (
    HOLDERS,
    LISTENERS,
    STRENGTH,
    Listener,
    Party,
    Permission,
    Strength,
    may,
    may_any,
    of_people,
    served_at,
    strength,
)

OPEN = {Permission.PUBLIC, Permission.BREAK_GLASS_ENTER}
ROLES = st.frozensets(st.sampled_from(sorted(Role)))
PERMISSIONS = st.sampled_from(sorted(Permission))
# Whoever changes what others may do, or takes out what others may not see, proves it anew.
STEP_UP = {
    Permission.AUDIT_EXPORT, Permission.AUDIT_UNBLIND, Permission.SEAL_APPROVE,
    Permission.RETENTION_ACT, Permission.ACCOUNT_PREPARE, Permission.ACCOUNT_CHANGE,
    Permission.ROLE_ASK, Permission.ROLE_DECIDE, Permission.ROLE_REVOKE,
    Permission.REVIEW_DECIDE, Permission.BREAK_GLASS_JUDGE,
}  # fmt: skip


@pytest.mark.parametrize("table", [HOLDERS, STRENGTH, LISTENERS], ids=["who", "how", "where"])
def test_every_permission_stands_in_the_table(table: dict[Permission, object]) -> None:
    """A permission without a holder would be a route that nobody can reach, or everybody."""
    assert set(Permission) == table.keys()


@pytest.mark.parametrize("permission", sorted(set(Permission) - OPEN))
def test_anybody_may_nothing_but_what_is_open(permission: Permission) -> None:
    """Deny by default."""
    assert not may(Party.ANYBODY, permission)


def test_a_system_may_ask_and_does_not_operate() -> None:
    """An access token opens no management port."""
    assert (True, False) == (
        may(Party.SYSTEM, Permission.EXCHANGE_ASK),
        may(Party.SYSTEM, Permission.OPERATIONS_READ),
    )


def test_no_word_is_a_partys_and_a_roles() -> None:
    """Two words that are equal would make whoever reaches a port an administrator."""
    assert set() == {each.value for each in Party} & {each.value for each in Role}


@given(ROLES, PERMISSIONS)
def test_no_permission_is_reached_that_the_table_does_not_give(
    roles: frozenset[Role], permission: Permission
) -> None:
    """Holding several roles gives what each gives, and nothing more."""
    assert may_any(roles, permission) == any(role in HOLDERS[permission] for role in roles)


@given(ROLES, PERMISSIONS)
def test_another_role_takes_nothing_away_and_nobody_without_one_has_any(
    roles: frozenset[Role], permission: Permission
) -> None:
    """Rights only add up; and they begin with none."""
    assert may_any(roles, permission) <= may_any(roles | {Role.OFFICIAL}, permission)
    assert permission in OPEN or not may_any(frozenset(), permission)


@given(ROLES.filter(lambda roles: Role.CITIZEN not in roles), PERMISSIONS)
def test_no_staff_reach_what_is_a_citizens_own(
    roles: frozenset[Role], permission: Permission
) -> None:
    """Whatever an official holds, nobody's history is theirs to open as its owner."""
    own = permission in {Permission.OWN_READ, Permission.OWN_ASK}

    assert not (own and may_any(roles, permission))


@pytest.mark.parametrize("permission", sorted(Permission))
def test_what_staff_hold_is_at_the_door_for_staff_alone(permission: Permission) -> None:
    """Administration apart from service traffic (TCVN 14423:2026 5.13.2.3)."""
    holders = HOLDERS[permission]
    staff = set(Role) - {Role.CITIZEN}
    of_staff_alone = of_people(permission) and holders <= staff
    systems = Party.SYSTEM in holders

    assert not (of_staff_alone and served_at(permission, Listener.SERVICE))
    assert not (systems and Party.ANYBODY not in holders and served_at(permission, Listener.ADMIN))
    assert not (holders == {Role.CITIZEN} and served_at(permission, Listener.ADMIN))


def test_some_acts_are_done_by_people_who_have_just_proved_themselves() -> None:
    """A session left open is not enough to grant, to export or to open an identity."""
    assert STEP_UP <= {each for each, demanded in STRENGTH.items() if demanded.max_age_s}
    assert {Strength(2, 300)} == {STRENGTH[each] for each in STEP_UP}


@pytest.mark.parametrize("permission", sorted(Permission))
def test_what_only_administrators_hold_takes_several_factors(permission: Permission) -> None:
    """TCVN 14423:2026 5.6 (second-hand): administrators sign on with more than a password."""
    holders = HOLDERS[permission]
    administering = ADMINISTERING | {Role.BREAK_GLASS}

    assert not (holders <= administering and holders and STRENGTH[permission].level < 2)


@given(ROLES, PERMISSIONS)
def test_nobody_but_the_last_resort_is_spared_a_step_up(
    roles: frozenset[Role], permission: Permission
) -> None:
    """Its secret is used up, so it cannot be shown again; its level is as high."""
    demanded = strength(permission, roles)

    assert STRENGTH[permission].level == demanded.level
    assert demanded == STRENGTH[permission] or Role.BREAK_GLASS in roles
