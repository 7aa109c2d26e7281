"""A walk over every route: who may pass, at which door, and what everybody else hears."""

import re
from pathlib import Path

import pytest
from litestar import Litestar
from msgspec.structs import replace

from auth.permissions import Listener, Party, Permission, may, of_people, served_at
from gateway.api.listeners import Doors
from tests.walked import ISSUED, Walk, a_walk, crossings, denied

NOT_FOUND = (404, "not_found")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give the application as a worker builds it."""
    return a_walk(Path(tmp_path_factory.mktemp("walk")))


async def test_every_route_is_at_its_doors_and_at_no_other(walk: Walk) -> None:
    """A route of the other door answers as a path that nobody ever made."""
    found: dict[str, tuple[int, str]] = {}
    for way, door in crossings(walk):
        if not served_at(way.permission, door):
            answer = await walk.call(way, door)
            found[f"{door} {way.method} {way.path}"] = (
                answer.status_code, answer.json()["code"],
            )  # fmt: skip

    assert {} == {name: said for name, said in found.items() if said != NOT_FOUND}
    assert len(found) > 40


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT"])
async def test_no_method_tells_one_door_about_the_other(walk: Walk, method: str) -> None:
    """Neither the list of allowed methods nor their refusal."""
    paths = {way.path: way for way in walk.ways}
    found: dict[str, int] = {}
    for path, way in paths.items():
        permissions = {each.permission for each in walk.ways if each.path == path}
        for door in Listener:
            if not any(served_at(each, door) for each in permissions):
                found[f"{door} {path}"] = (await walk.call(way, door, method=method)).status_code

    assert {} == {name: status for name, status in found.items() if status != 404}
    assert found


async def test_nobody_passes_without_having_signed_on(walk: Walk) -> None:
    """Whatever is not public is closed, before anything is read of what was sent."""
    found: dict[str, tuple[int, str]] = {}
    for way, door in crossings(walk):
        if of_people(way.permission) and served_at(way.permission, door):
            answer = await walk.call(way, door)
            found[f"{door} {way.method} {way.path}"] = (
                answer.status_code, answer.json()["code"],
            )  # fmt: skip

    assert {} == {n: said for n, said in found.items() if said != (401, "token_missing")}
    assert len(found) > 40


async def test_no_role_passes_that_the_table_does_not_give(walk: Walk) -> None:
    """Every route with every role that it is not for."""
    found: dict[str, tuple[int, str]] = {}
    for way, door in crossings(walk):
        own_session = way.permission in {Permission.SESSION_READ, Permission.SESSION_END}
        if own_session or not of_people(way.permission) or not served_at(way.permission, door):
            continue
        for role in denied(way):
            answer = await walk.call(way, door, role)
            found[f"{role} {way.method} {way.path}"] = (answer.status_code, answer.json()["code"])

    assert {} == {n: said for n, said in found.items() if said != (403, "permission_missing")}
    assert len(found) > 200


async def test_every_role_passes_that_the_table_gives(walk: Walk) -> None:
    """The refusals above are of the roles, and not of everybody."""
    ways = [way for way in walk.ways if way.permission is Permission.ROLE_READ]
    granted = [role for role in ISSUED if may(role, Permission.ROLE_READ)]
    codes = {
        (await walk.call(way, Listener.ADMIN, role)).json()["code"]
        for way in ways
        for role in granted
    }

    assert granted
    assert codes.isdisjoint({"permission_missing", "token_missing", "not_found"})


async def test_no_route_takes_an_address_that_no_text_can_hold(walk: Walk) -> None:
    """NUL in a query or a path: the database refuses it, as if it were away."""
    found: dict[str, tuple[int, str]] = {}
    for way, door in crossings(walk):
        if not of_people(way.permission) or not served_at(way.permission, door):
            continue
        role = next(each for each in ISSUED if each not in denied(way))
        for path in (f"{way.path}?cursor=a%00", re.sub(r"/x(?=/|\Z)", "/%00", way.path)):
            if path != way.path:
                answer = await walk.call(replace(way, path=path), door, role)
                found[f"{door} {way.method} {path}"] = (
                    answer.status_code, answer.json()["code"],
                )  # fmt: skip

    asked = {(400, "validation_failed"), NOT_FOUND}
    assert {} == {name: said for name, said in found.items() if said not in asked}
    assert asked == set(found.values())


async def test_what_anybody_may_have_needs_no_secret(walk: Walk) -> None:
    """Whatever is not of people is a system's, public, or the last resort's."""
    others = {way.permission for way in walk.ways if not of_people(way.permission)}

    assert {
        Permission.PUBLIC, Permission.PREFILL_ASK, Permission.BREAK_GLASS_ENTER,
    } == others  # fmt: skip
    assert may(Party.ANYBODY, Permission.BREAK_GLASS_ENTER)


async def test_a_header_does_not_choose_the_door(walk: Walk) -> None:
    """Neither the host that a caller names, nor what a proxy would say of it."""
    way = next(each for each in walk.ways if each.permission is Permission.AUDIT_PERSON)
    names = ("Host", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded", "X-Original-URL")
    async with walk.client(Listener.SERVICE) as client:
        answers = [await client.post(way.path, headers={name: "127.0.0.1:8200"}) for name in names]

    assert [404] * len(names) == [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    ("server", "door"),
    [
        (("127.0.0.1", 8200), Listener.ADMIN),
        (("10.0.0.7", 8200), Listener.ADMIN),
        (("127.0.0.1", 8100), Listener.SERVICE),
        (("/run/motlan.sock", None), Listener.SERVICE),
        (None, Listener.SERVICE),
    ],
)
def test_what_has_no_address_of_ours_came_to_the_service(
    server: tuple[str, int | None] | None, door: Listener
) -> None:
    """A connection that nobody can place is shown what is for everybody."""
    doors = Doors(Litestar(openapi_config=None), 8200)

    assert door is doors.listener(server)
