"""The table of permissions."""

import pytest

from auth.permissions import HOLDERS, Party, Permission, may


def test_every_permission_stands_in_the_table() -> None:
    """A permission without a holder would be a route that nobody can reach, or everybody."""
    assert set(Permission) == HOLDERS.keys()


@pytest.mark.parametrize("permission", sorted(set(Permission) - {Permission.PUBLIC}))
def test_anybody_may_nothing_but_what_is_public(permission: Permission) -> None:
    """Deny by default."""
    assert not may(Party.ANYBODY, permission)


def test_a_system_may_ask_and_does_not_operate() -> None:
    """An access token opens no management port."""
    assert (True, False) == (
        may(Party.SYSTEM, Permission.EXCHANGE_ASK),
        may(Party.SYSTEM, Permission.OPERATIONS_READ),
    )
