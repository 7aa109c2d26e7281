"""The API document before and after it is written."""

from typing import Any, cast

import msgspec
import pytest
from litestar import Litestar, get
from litestar.openapi.config import OpenAPIConfig
from msgspec import Struct

from gateway.api.document import Written
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

    config = OpenAPIConfig(title="t", version="1", render_plugins=[written])
    return Framework([parcels], openapi_config=config)


async def fetched(application: Litestar) -> dict[str, Any]:
    """Return the document as a caller gets it."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": "/schema/openapi.json", "raw_path": b"/schema/openapi.json",
        "query_string": b"", "root_path": "", "headers": [], "client": None, "server": None,
        "state": {},
    }  # fmt: skip
    await cast("Any", application)(scope, receive, send)
    assert 200 == sent[0]["status"]
    return msgspec.json.decode(b"".join(each.get("body", b"") for each in sent))


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
