"""The API document before and after it is written."""

from typing import Any, cast

import msgspec
import pytest
from litestar import Litestar, get
from litestar.openapi.config import OpenAPIConfig
from msgspec import Struct

from gateway.api.document import Written, router
from gateway.api.failures import HANDLERS
from gateway.api.framework import Framework


class Parcel(Struct):
    """A piece of land."""

    number: int


@pytest.fixture
def written() -> Written:
    """Give what serves the document."""
    return Written()


@pytest.fixture
def application(written: Written) -> Litestar:
    """Give an application with one route."""

    @get("/parcels", sync_to_thread=False)
    def parcels() -> list[Parcel]:
        return []

    config = OpenAPIConfig(
        title="t", version="1", openapi_router=router(), render_plugins=[written]
    )
    return Framework([parcels], openapi_config=config, exception_handlers={**HANDLERS})


async def fetched(application: Litestar) -> dict[str, Any]:
    """Return the document as a caller gets it."""
    status, found = await answered(application, "/schema/openapi.json")
    assert 200 == status
    return found


async def answered(application: Litestar, path: str) -> tuple[int, dict[str, Any]]:
    """Return status and body of whatever stands at *path*."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "headers": [], "client": None, "server": None,
        "state": {},
    }  # fmt: skip
    await cast("Any", application)(scope, receive, send)
    body = b"".join(each.get("body", b"") for each in sent)
    return sent[0]["status"], msgspec.json.decode(body)


async def test_the_document_stands_at_two_addresses(application: Litestar) -> None:
    """The short one is what people type."""
    assert await answered(application, "/schema") == (200, await fetched(application))


@pytest.mark.parametrize("name", ["swagger", "redoc", "openapi.yaml", "x"])
async def test_what_is_not_beside_it_is_a_problem_like_any_other(
    application: Litestar, name: str
) -> None:
    """The framework would show a page of its own, in English and for nobody's program."""
    status, told = await answered(application, f"/schema/{name}")

    assert (404, "not_found") == (status, told["code"])


async def test_the_document_is_the_same_once_it_is_written(
    application: Litestar, written: Written
) -> None:
    """A caller's generator sees no difference."""
    before = application.openapi_schema.to_schema()

    written.write(application.openapi_schema)

    assert ["/parcels"] == list(before["paths"])
    assert ["Parcel"] == [name.rsplit("_")[-1] for name in before["components"]["schemas"]]
    assert before == await fetched(application) == await fetched(application)


async def test_a_document_that_nobody_wrote_is_made_when_it_is_asked_for(
    application: Litestar,
) -> None:
    """An application that is built to be looked at serves what it looks like."""
    assert ["/parcels"] == list((await fetched(application))["paths"])


def test_nothing_is_kept_of_what_a_document_was_made_of(
    application: Litestar, written: Written
) -> None:
    """Ten times the weight of its bytes would stay in every worker."""
    written.write(application.openapi_schema)

    assert not application.openapi_schema.paths
    assert not application.openapi_schema.components.schemas
