"""The test issuer: invented people in demonstrations, nobody anywhere else."""

import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from auth.errors import TokenExpired, TokenInvalid
from auth.people import Role
from auth.settings import IdentitySettings
from auth.stand_in import FOLDER, PersonIsReal, stand_in, verifier
from gateway.clock import utc_now
from tests.people import ANH_NUMBER, a_person, token_for


@pytest.fixture
def settings(tmp_path: Path) -> IdentitySettings:
    """Give settings with a folder of keys of their own."""
    return IdentitySettings(keys_dir=tmp_path / "signing")


def test_a_demonstration_takes_its_tokens_and_others_do_not(settings: IdentitySettings) -> None:
    """Production trusts no key that anybody on the machine can make people with."""
    token = token_for(settings, role=Role.AUDITOR)

    assert verifier(settings, utc_now, demo=True).verify(token).id == "kt-01"
    with pytest.raises(TokenInvalid):
        verifier(settings, utc_now, demo=False).verify(token)


def test_a_verifier_that_started_first_finds_the_key_later(settings: IdentitySettings) -> None:
    """The gateway runs before the first person is invented."""
    people = verifier(settings, utc_now, demo=True)
    with pytest.raises(TokenInvalid):
        people.verify("e30.e30.e30")

    assert people.verify(token_for(settings, role=Role.OPERATOR)).roles == {Role.OPERATOR}


def test_the_key_is_nobodys_but_its_owners(settings: IdentitySettings) -> None:
    """Whoever reads the key can be everybody."""
    token_for(settings, role=Role.AUDITOR)
    (file,) = (settings.keys_dir / FOLDER).glob("*.jwk")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_real_person_is_stood_in_for(settings: IdentitySettings) -> None:
    """Hà Nội's numbers begin with 001: such a person may exist."""
    person = a_person(Role.CITIZEN, agency=None, so_dinh_danh=ANH_NUMBER.replace("003", "001", 1))

    with pytest.raises(PersonIsReal):
        stand_in(settings).token(person, utc_now())


def test_what_no_verifier_takes_is_not_signed(settings: IdentitySettings) -> None:
    """The mistake shows where it is made."""
    with pytest.raises(TokenInvalid):
        token_for(settings, role=(Role.AUDITOR, Role.OPERATOR))


@pytest.mark.parametrize(("asked", "lived"), [(1, 60), (600, 600), (10**6, 8 * 3600)])
def test_a_token_lives_within_bounds(settings: IdentitySettings, asked: int, lived: int) -> None:
    """From a minute to a working day."""
    token = token_for(settings, role=Role.AUDITOR, life_s=asked)
    now = utc_now()

    def clock(ahead_s: float) -> Callable[[], datetime]:
        return lambda: now + timedelta(seconds=ahead_s)

    verifier(settings, clock(lived - 5), demo=True).verify(token)
    with pytest.raises(TokenExpired):
        verifier(settings, clock(lived + 5), demo=True).verify(token)
