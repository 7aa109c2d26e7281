"""People at ordinary routes, over a real socket."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide
from msgspec.structs import replace

from auth.people import Person, Role
from auth.permissions import Permission
from auth.settings import IdentitySettings
from auth.stand_in import WEAK, stand_in, verifier
from gateway.api.failures import HANDLERS
from gateway.api.people import PERSON, PersonNotAsked, demand_person
from gateway.app import routes_of
from gateway.clock import utc_now
from tests.oauth_servers import serving
from tests.people import a_person, token_for


@get("/for-auditors", opt={"permission": Permission.AUDIT_SEARCH})
async def for_auditors(person: NamedDependency[Person]) -> str:
    """Say who asks."""
    return person.id


@get("/out", opt={"permission": Permission.AUDIT_EXPORT})
async def taking_out(person: NamedDependency[Person]) -> str:
    """Say who takes records out."""
    return person.id


@get("/forgotten", opt={"permission": Permission.AUDIT_SEARCH})
async def forgotten() -> str:
    """Ask nobody who calls."""
    return ""


@get("/unnamed")
async def unnamed(person: NamedDependency[Person]) -> str:
    """Name no permission."""
    return person.id


@pytest.fixture
def settings(tmp_path: Path) -> IdentitySettings:
    """Give settings with a folder of keys of their own."""
    return IdentitySettings(keys_dir=tmp_path / "signing")


@pytest.fixture
def address(settings: IdentitySettings) -> Iterator[str]:
    """Give an application that asks who calls."""
    people = verifier(settings, utc_now, demo=True)
    application = Litestar(
        [for_auditors, taking_out, unnamed],
        dependencies={**PERSON, "people": Provide(lambda: people, sync_to_thread=False)},
        exception_handlers={**HANDLERS},
        openapi_config=None,
        logging_config=None,
    )
    with serving(application) as url:
        yield url


def called(address: str, path: str, authorization: str | None) -> tuple[int, str]:
    """Return status and code, or text, of one call."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.get(address + path, headers=headers, timeout=10)
    return answer.status_code, answer.json()["code"] if answer.is_error else answer.text


def test_a_role_opens_its_routes_and_no_others(address: str, settings: IdentitySettings) -> None:
    """Who has not signed on gets 401, who may not gets 403."""
    auditor = token_for(settings, role=Role.AUDITOR)
    operator = token_for(settings, role=Role.OPERATOR)

    expected = {
        f"Bearer {auditor}": (200, "kt-01"),
        f"bearer {auditor}": (200, "kt-01"),
        f"Bearer {operator}": (403, "permission_missing"),
        f"Basic {auditor}": (401, "token_missing"),
        "Bearer e30.e30.e30": (401, "token_invalid"),
        None: (401, "token_missing"),
    }
    assert expected == {each: called(address, "/for-auditors", each) for each in expected}


@pytest.mark.parametrize(
    ("ago_s", "acr", "expected"),
    [
        (0, "urn:test:2", (200, "kt-01")),
        (240, "urn:test:2", (200, "kt-01")),
        (301, "urn:test:2", (401, "step_up_required")),
        (0, f"urn:test{WEAK}", (401, "step_up_required")),
    ],
)
def test_what_weighs_much_is_done_by_whoever_has_just_proved_who_they_are(
    address: str, settings: IdentitySettings, ago_s: int, acr: str, expected: tuple[int, str]
) -> None:
    """RFC 9470: a screen that was left open in the morning takes no records out at noon."""
    now = utc_now()
    auditor = replace(a_person(Role.AUDITOR), acr=acr, auth_time=now.timestamp() - ago_s)
    token = stand_in(settings).token(auditor, now, life_s=3600)

    assert expected == called(address, "/out", f"Bearer {token}")
    assert (200, "kt-01") == called(address, "/for-auditors", f"Bearer {token}")


def test_a_route_without_permission_is_nobodys(address: str, settings: IdentitySettings) -> None:
    """Forgetting closes, it does not open."""
    token = token_for(settings, role=Role.AUDITOR)

    assert (403, "permission_missing") == called(address, "/unnamed", f"Bearer {token}")


def test_a_route_for_people_that_asks_nobody_does_not_start() -> None:
    """The check stops the process, not a request."""
    with pytest.raises(PersonNotAsked):
        demand_person(routes_of(Litestar([forgotten], openapi_config=None)))
