"""What every route must name."""

from pathlib import Path

import pytest
from litestar import Litestar, get
from litestar.di import Provide

from auth.permissions import HOLDERS, Permission, of_people
from gateway import app
from gateway.settings import load
from gateway.worker import Worker

OPEN = {
    *("/oauth/introspect", "/oauth/revoke"),  # judged by the caller's own key
    "/.well-known/oauth-protected-resource",
    *("/oauth/token", "/oauth/jwks", "/.well-known/oauth-authorization-server"),
    "/sign-on/jwks",  # what providers know us by
    # before somebody has signed on, and when a provider says that they have left
    *("/sign-on", "/sign-on/{provider:str}", "/sign-on/{provider:str}/callback"),
    *("/sign-on/{provider:str}/backchannel", "/sign-on/page.css", "/sign-out", "/signed-out"),
    *("/audit/log/checkpoint", "/audit/log/keys", "/audit/log/tile/{place:path}"),  # hashes
    *("/audit/log/policy", "/audit/log/witnesses"),  # whoever judges us needs no leave of ours
    *("/v1/public/seals", "/v1/seals/grounds"),  # how much is sealed, on which grounds
}


@pytest.fixture
def built(tmp_path: Path) -> Litestar:
    """Give the application as one worker builds it; nothing is opened."""
    overrides = {
        "database": {"url": "postgresql://127.0.0.1:1/none"},
        "audit": {"keys_dir": str(tmp_path / "pseudonyms")},
        "identity": {"keys_dir": str(tmp_path / "signing")},
    }
    return app.build(Worker(load(overrides, environ={})))


def test_every_route_names_a_permission_that_somebody_holds(built: Litestar) -> None:
    """No route is open by forgetting, and none is closed to everybody by mistake."""
    named = {path: handler.opt.get("permission") for path, handler in app.routes_of(built)}

    assert named
    assert {} == {path: name for path, name in named.items() if name not in HOLDERS}


def test_the_routes_that_are_open_to_anybody_are_these(built: Litestar) -> None:
    """A new open route is a decision, taken here."""
    named = {path: handler.opt["permission"] for path, handler in app.routes_of(built)}

    assert {path for path, name in named.items() if name is Permission.PUBLIC} == OPEN


def test_what_a_route_for_people_prepares_waits_for_the_person(built: Litestar) -> None:
    """The framework prepares side by side whatever does not name another: not before the door."""
    common, waits, found = set(built.dependencies), set[str](), list[str]()
    for path, handler in app.routes_of(built):
        if not of_people(handler.opt["permission"]):
            continue
        given = handler.resolve_dependencies()
        own = handler.fn.__annotations__.keys() & (given.keys() - common)
        waits |= own
        found += [f"{path}: {name}" for name in own if not _waits_for_person(name, given)]

    assert waits
    assert [] == found


def _waits_for_person(name: str, given: dict[str, Provide]) -> bool:
    asked = given[name].dependency.__annotations__.keys() & given.keys()
    return bool(asked & {"person", "entered"}) or any(_waits_for_person(n, given) for n in asked)


def test_no_route_has_a_place_for_a_person_in_its_path(built: Litestar) -> None:
    """A number in a URL is a number in every log on the way."""
    words = ("subject", "person", "citizen", "dinh_danh", "cccd", "cmnd")
    paths = [path for path, _ in app.routes_of(built)]

    assert [] == [path for path in paths for word in words if word in path.lower()]


def test_an_application_with_an_open_route_does_not_start() -> None:
    """The check stops the process, not a request."""

    @get("/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(app.PermissionMissing):
        app.demand_permissions(Litestar([forgotten], openapi_config=None))
