"""One account is one person, from its preparation to its end."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.accounts.accounts import (
    Account,
    AccountState,
    Act,
    moved,
    new_id,
    of_citizen,
    prepared,
    renamed,
)
from auth.accounts.errors import AccountConflict, AccountRefused
from tests.account_builders import NOON, an_account

LATER = NOON + timedelta(days=1)


def preparing(**changes: str) -> Account:
    """Return what an administrator's entry makes."""
    said = {
        "name": "Trần Thị Bình",
        "agency": "H99.30.01",
        "staff_number": "CB-0001",
        "by": "cb-9",
        "reason": "tuyển dụng mới",
    }
    return prepared(**said | changes, now=NOON)


def test_a_prepared_account_waits_for_its_official() -> None:
    """Nobody has signed on yet, and everybody can see who prepared it."""
    account = preparing(name="  Trần   Thị Bình ")

    assert ("Trần Thị Bình", AccountState.ACTIVE, 1, "cb-9", None) == (
        account.name,
        account.state,
        account.version,
        account.by,
        account.last_seen_at,
    )


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", "Bình 003190000123"),
        ("name", "Bình 003 190 000 123"),
        ("name", "Bình\u202enhìB"),
        ("agency", ""),
        ("agency", "H99 30"),
        ("agency", "0031900001"),
        ("staff_number", ""),
        ("staff_number", "003190000123"),
        ("staff_number", "CB/0001"),
        ("staff_number", "x" * 41),
        ("reason", "ab"),
        ("reason", "của 003190000123"),
        ("reason", "x" * 501),
    ],
)
def test_an_account_holds_no_persons_number_and_nothing_odd(member: str, value: str) -> None:
    """What an administrator types is kept for years, and shown to others (promise P6)."""
    with pytest.raises(AccountRefused) as refused:
        preparing(**{member: value})

    assert member == refused.value.member
    assert not value or value not in str(refused.value)


@pytest.mark.parametrize(
    ("state", "act", "after"),
    [
        (AccountState.ACTIVE, Act.LINKED, AccountState.ACTIVE),
        (AccountState.ACTIVE, Act.DISABLED, AccountState.DISABLED),
        (AccountState.ACTIVE, Act.LOCKED, AccountState.LOCKED),
        (AccountState.LOCKED, Act.ENABLED, AccountState.ACTIVE),
        (AccountState.LOCKED, Act.DISABLED, AccountState.DISABLED),
        (AccountState.DISABLED, Act.ENABLED, AccountState.ACTIVE),
    ],
)
def test_an_act_leads_where_it_says(state: AccountState, act: Act, after: AccountState) -> None:
    """Each is a new version, with who and why."""
    account = moved(an_account(state=state), act, by="cb-9", reason="theo quyết định", now=LATER)

    assert (after, 2, act, "cb-9", LATER) == (
        account.state,
        account.version,
        account.act,
        account.by,
        account.changed_at,
    )


@pytest.mark.parametrize(
    ("state", "act"),
    [
        (AccountState.ACTIVE, Act.ENABLED),
        (AccountState.ACTIVE, Act.CREATED),
        (AccountState.DISABLED, Act.DISABLED),
        (AccountState.DISABLED, Act.LOCKED),
        (AccountState.DISABLED, Act.LINKED),
        (AccountState.LOCKED, Act.LINKED),
        (AccountState.LOCKED, Act.LOCKED),
    ],
)
def test_an_act_that_leads_nowhere_is_refused(state: AccountState, act: Act) -> None:
    """A disabled account does not become another's by a first sign-on."""
    with pytest.raises(AccountConflict):
        moved(an_account(state=state), act, by="cb-9", reason="theo quyết định", now=LATER)


@given(st.sampled_from(["u", "s"]))
def test_an_id_is_a_code_and_never_a_number(prefix: str) -> None:
    """It stands in leaves, where nine digits in a row are refused."""
    made = new_id(prefix)

    assert made.startswith(f"{prefix}-")
    assert 18 == len(made)
    assert made != new_id(prefix)


def test_a_name_is_corrected_and_nothing_else() -> None:
    """Also while the account rests; a citizen's has no name to correct."""
    account = an_account(state=AccountState.LOCKED)
    after = renamed(account, " Trần Thị  Bình An ", by="cb-9", reason="viết sai", now=LATER)

    assert ("Trần Thị Bình An", AccountState.LOCKED, 2, Act.RENAMED) == (
        after.name,
        after.state,
        after.version,
        after.act,
    )
    for wrong, name in ((account, "003190000123"), (of_citizen(NOON), "Ánh")):
        with pytest.raises(AccountRefused):
            renamed(wrong, name, by="cb-9", reason="viết sai", now=LATER)


def test_a_citizens_account_names_nobody() -> None:
    """Whoever reads the table learns that somebody has signed on, and no more."""
    account = of_citizen(NOON)

    assert (None, None, None) == (account.name, account.agency, account.staff_number)
    assert account.id == account.by


def test_an_account_in_a_log_shows_nobody() -> None:
    """Names reach logs by `repr` when nobody thinks of it."""
    assert "Bình" not in repr(an_account())
