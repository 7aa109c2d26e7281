"""The API document as bytes: written once at the start, and nothing of its making is kept."""

from typing import Any

from litestar import Request, Router
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OpenAPI
from litestar.serialization import encode_json

PLACE = "/schema"


def router() -> Router:
    """Return where the document is; what is not there is told as everywhere, and not as a page."""
    return Router(
        PLACE,
        route_handlers=[],
        before_request=_nothing_else,
        include_in_schema=False,
        dto=None,
        return_dto=None,
    )


async def _nothing_else(request: Request[Any, Any, Any]) -> None:
    if request.path_params:  # the framework's own page for what it has not
        raise NotFoundException


class Written(JsonRenderPlugin):
    """Serves the document alone: the framework's reader pages load their scripts from outside."""

    def __init__(self) -> None:
        super().__init__()
        self._content: bytes | None = None

    def write(self, document: OpenAPI) -> None:
        """Keep *document* as it stands in its bytes, a tenth of its weight, and empty it."""
        self._content = encode_json(document.to_schema())
        document.paths, document.components = {}, Components()

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the document (the framework calls this)."""
        del request
        return self._content or encode_json(openapi_schema)
