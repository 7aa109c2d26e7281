"""Composition root: settings in, application out."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from litestar import Controller, Litestar, asgi
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import ASGIRoute, HTTPRoute
from litestar.types import Receive, Scope, Send

from auth.permissions import Listener, Permission
from gateway import __version__
from gateway.api.cookies import SESSION
from gateway.api.described import describe as describe_others
from gateway.api.document import Written
from gateway.api.document import router as document_router
from gateway.api.exchanges import PREFIX, ExchangeHandler
from gateway.api.failures import HANDLERS
from gateway.api.framework import Framework
from gateway.api.headers import guarding
from gateway.api.listeners import Doors
from gateway.api.openapi import describe as describe_exchange
from gateway.api.people import PERSON, demand_person
from gateway.api.prefill import PrefillController
from gateway.api.prefill import describe as describe_prefill
from gateway.clock import utc_now
from gateway.settings import load
from gateway.telemetry import configure_logs
from gateway.wiring.every import PARTS
from gateway.worker import Worker

FRAMEWORK = "litestar."  # its own routes: the API document, the answer to OPTIONS


class PermissionMissing(Exception):
    """A route names no permission; the process does not start."""


class Front:
    """The application as a server sees it; one that knows how may take the exchange by itself."""

    def __init__(self, app: Litestar, worker: Worker) -> None:
        self._doors = Doors(app, worker.settings.admin.port)
        self._worker = worker

    @property
    def exchange(self) -> ExchangeHandler:
        """The handler of exchanges; there once the application has started."""
        return self._worker.exchange

    def serves_exchanges(self, server: tuple[str, int | None] | None) -> bool:
        """Say whether exchanges are made at the address *server* of ours."""
        return self._doors.listener(server) is Listener.SERVICE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer anything that is served at the door it came to, through the framework."""
        await self._doors(scope, receive, send)


def create() -> Front:
    """Return the application of one worker; what a server calls."""
    settings = load()
    configure_logs(settings.telemetry.log_level)
    worker = Worker(settings)
    written = Written()
    app = build(worker, written)
    written.write(app.openapi_schema)
    return Front(app, worker)


def build(worker: Worker, written: Written | None = None) -> Litestar:
    """Return the application around *worker*.

    Args:
        worker: everything its routes need.
        written: what serves the API document.

    Raises:
        PermissionMissing: a route of ours names none.
    """

    @asgi(PREFIX, is_mount=True, copy_scope=False, opt={"permission": Permission.EXCHANGE_ASK})
    async def data(scope: Scope, receive: Receive, send: Send) -> None:
        await worker.exchange(scope, receive, send)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        async with worker.running():
            yield

    app = Framework(
        route_handlers=[data, PrefillController, *_handlers()],
        dependencies={**_dependencies(worker), **PERSON},
        exception_handlers={**HANDLERS},
        lifespan=[lifespan],
        before_send=[guarding(https=worker.settings.environment == "production")],
        openapi_config=_openapi(written or Written()),
        request_max_body_size=worker.limits.body_bytes,
        logging_config=None,
    )
    describe_exchange(app.openapi_schema)
    describe_prefill(app.openapi_schema)
    describe_others(app.openapi_schema)
    demand_permissions(app)
    demand_person(routes_of(app))
    return app


def _dependencies(worker: Worker) -> dict[str, Provide]:
    values: dict[str, Callable[[], object]] = {
        "clock": lambda: utc_now,
        "limits": lambda: worker.limits,
        "prefill": lambda: worker.prefill,
        "signing_keys": lambda: worker.signing,
        "signs": lambda: worker.signs,
    }
    for name in (name for part in PARTS for name in part.PROVIDES):
        values[name] = _given(worker, name)
    return {name: Provide(value, sync_to_thread=False) for name, value in values.items()}


def _given(worker: Worker, name: str) -> Callable[[], object]:
    return lambda: worker.provided[name]


def _handlers() -> list[type[Controller]]:
    return [handler for part in PARTS for handler in part.HANDLERS]


def _openapi(written: Written) -> OpenAPIConfig:
    bound = SecurityScheme(
        type="http",
        scheme="DPoP",
        description="Mã của hệ thống, kèm bằng chứng giữ khoá trong DPoP cho từng yêu cầu / "
        "A system's token, and for each request a proof of its key in DPoP (RFC 9449)",
    )
    token = SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="at+jwt",
        description="Mã gắn với chứng thư máy khách; mã của người dùng chỉ có ở bản trình diễn / "
        "A token bound to a client certificate (RFC 8705); a person's, in a demonstration alone",
    )
    session = SecurityScheme(
        type="apiKey",
        name=SESSION,
        security_scheme_in="cookie",
        description="Phiên đăng nhập; thay đổi dữ liệu cần thêm X-CSRF-Token / "
        "A session; changes need X-CSRF-Token as well",
    )
    return OpenAPIConfig(
        title="Một Lần",
        version=__version__,
        description="Cổng tích hợp, chia sẻ dữ liệu cấp tỉnh / Provincial data-sharing gateway",
        components=Components(
            security_schemes={"boundToken": bound, "accessToken": token, "session": session}
        ),
        openapi_router=document_router(),
        render_plugins=[written],
        use_handler_docstrings=True,
    )


def demand_permissions(app: Litestar) -> None:
    """Stop the process, not a request, when a route of ours is open by forgetting.

    Raises:
        PermissionMissing: names the route.
    """
    for path, handler in routes_of(app):
        if not isinstance(handler.opt.get("permission"), Permission):
            raise PermissionMissing(path)


def routes_of(app: Litestar) -> list[tuple[str, BaseRouteHandler]]:
    """Return every route of ours with its handler; the framework's own are left out."""
    found: list[tuple[str, BaseRouteHandler]] = []
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            found.extend((route.path, handler) for handler in route.route_handlers)
        elif isinstance(route, ASGIRoute):
            found.append((route.path, route.route_handler))
    return [each for each in found if not each[1].fn.__module__.startswith(FRAMEWORK)]
