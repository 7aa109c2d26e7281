"""Registrations: which act ends what rests on them, and which does not."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auth import systems
from auth.errors import SystemBlocked
from auth.systems import Act, System, SystemState
from tests.party_builders import (
    CLIENT_KEY,
    NOON,
    NOON_S,
    OTHER_KEY,
    OUR_NOTE,
    a_registration,
    a_system,
)

BOTH = (CLIENT_KEY.public, OTHER_KEY.public)


def test_a_registration_begins_active() -> None:
    """Version and revision count from one."""
    system = a_system()

    assert (1, 1, SystemState.ACTIVE) == (system.version, system.rev, system.state)


@pytest.mark.parametrize(
    ("changes", "act", "ends"),
    [
        pytest.param({"name_en": "Other"}, Act.AMENDED, False, id="another name"),
        pytest.param({"jwks": BOTH}, Act.KEYS_ROTATED, False, id="another key"),
        pytest.param({"agency": "H99.30.02"}, Act.AMENDED, True, id="another agency"),
        pytest.param({"sandbox": True}, Act.AMENDED, True, id="another environment"),
        pytest.param({"address_ranges": ("10.0.0.0/8",)}, Act.AMENDED, True, id="other addresses"),
    ],
)
def test_an_amendment_ends_tokens_only_when_it_must(
    changes: dict[str, object], act: Act, *, ends: bool
) -> None:
    """A rotated key must not stop calls under way; another agency must."""
    amended = systems.amended(a_system(), a_registration(**changes), OUR_NOTE)

    assert (2, 2 if ends else 1, act) == (amended.version, amended.rev, amended.act)


def test_saying_the_same_again_is_no_amendment() -> None:
    """Idempotent: the very same value comes back."""
    system = a_system()

    assert systems.amended(system, a_registration(), OUR_NOTE) is system


def test_tokens_from_before_a_suspension_stay_dead_after_it() -> None:
    """Resuming opens a new revision; the old one never lives again."""
    before = a_system()

    resumed = systems.resumed(systems.suspended(before, OUR_NOTE), OUR_NOTE)

    assert SystemState.ACTIVE == resumed.state
    assert before.rev + 2 == resumed.rev


@pytest.mark.parametrize("act", [systems.suspended, systems.resumed, systems.blocked])
def test_an_act_done_already_is_no_act(act: Callable[..., System]) -> None:
    """Pressing a button twice writes one row."""
    once = act(a_system(), OUR_NOTE)

    assert act(once, OUR_NOTE) is once


def test_a_suspended_system_can_be_amended_and_stays_suspended() -> None:
    """A file that is applied every night resumes nobody."""
    amended = systems.amended(
        systems.suspended(a_system(), OUR_NOTE), a_registration(name_en="Other"), OUR_NOTE
    )

    assert SystemState.SUSPENDED == amended.state


@pytest.mark.parametrize(
    "act",
    [
        lambda system: systems.suspended(system, OUR_NOTE),
        lambda system: systems.resumed(system, OUR_NOTE),
        lambda system: systems.amended(system, a_registration(jwks=BOTH), OUR_NOTE),
        lambda system: systems.amended(system, a_registration(name_en="Other"), OUR_NOTE),
    ],
    ids=["suspend", "resume", "rekey", "amend"],
)
def test_blocked_is_for_good(act: Callable[[System], System]) -> None:
    """A new client id starts anew; this one tells its story to the end."""
    with pytest.raises(SystemBlocked):
        act(systems.blocked(a_system(), OUR_NOTE))


ACTS: list[Callable[[System], System]] = [
    lambda system: systems.suspended(system, OUR_NOTE),
    lambda system: systems.resumed(system, OUR_NOTE),
    lambda system: systems.amended(system, a_registration(jwks=BOTH), OUR_NOTE),
    lambda system: systems.amended(system, a_registration(agency="H99.30.02"), OUR_NOTE),
]


@given(st.lists(st.sampled_from(ACTS), max_size=12))
def test_numbers_only_grow_and_a_change_of_state_always_counts(
    acts: list[Callable[[System], System]],
) -> None:
    """What the database demands too: live_right ignores a lower revision."""
    system = a_system()
    for act in acts:
        after = act(system)
        assert after is system or after.version == system.version + 1
        assert system.rev <= after.rev <= after.version
        assert after.state is system.state or after.rev == system.rev + 1
        system = after


@pytest.mark.parametrize(
    ("sandbox", "act", "two"),
    [
        pytest.param(False, Act.REGISTERED, True, id="live, registered"),
        pytest.param(False, Act.RESUMED, True, id="live, resumed"),
        pytest.param(False, Act.KEYS_ROTATED, True, id="live, another key"),
        pytest.param(False, Act.SUSPENDED, False, id="live, suspended"),
        pytest.param(False, Act.KEYS_REVOKED, False, id="live, a key less"),
        pytest.param(True, Act.REGISTERED, False, id="sandbox, registered"),
    ],
)
def test_closing_takes_one_person_and_opening_a_live_system_two(
    act: Act, *, sandbox: bool, two: bool
) -> None:
    """Promise P8: nobody lets a system in alone; anybody on duty may shut one out."""
    version = replace(a_system(sandbox=sandbox), act=act)

    assert two == version.takes_two()


@pytest.mark.parametrize(
    ("approved_by", "two"),
    [
        (None, False),
        ("", False),
        ("quan-tri", False),
        (" quan-tri ", False),
        ("Quan-Tri", False),
        ("truong-phong", True),
    ],
)
def test_the_second_person_is_another_one(approved_by: str | None, *, two: bool) -> None:
    """The same name twice is one person."""
    assert two == replace(OUR_NOTE, approved_by=approved_by).by_two()


@pytest.mark.parametrize(
    ("offset_s", "good"),
    [pytest.param(-1, True, id="before"), pytest.param(0, False, id="at"), (1, False)],
)
def test_a_credential_is_good_until_its_end_and_not_at_it(offset_s: int, *, good: bool) -> None:
    """The edge belongs to the end: at that second the key proves nothing any more."""
    kid, thumbprint = CLIENT_KEY.public["kid"], "a" * 43
    registration = a_registration(certificates=(thumbprint,), ends={kid: NOON, thumbprint: NOON})

    at = NOON_S + offset_s

    assert good == bool(registration.keys(at))
    assert good == bool(registration.thumbprints(at))
    assert registration.keys()  # whoever asks for all gets all
