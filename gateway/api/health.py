"""Live, ready, started, metrics: what operators' programs ask, on a port of its own."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
import structlog
import uvicorn

Check: TypeAlias = Callable[[], Awaitable[None]]  # returns, or raises what is wrong
Scope: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

CHECK_S = 2.0  # a check that takes longer is down; probes usually give up after 3
ALLOW = (b"allow", b"GET, HEAD")  # RFC 9110 15.5.6
TRIES = 64  # ports after the first; as many as there may be workers

_log = structlog.get_logger()


class State(msgspec.Struct, frozen=True):
    """How one check ended."""

    name: str
    status: str  # UP or DOWN
    reason: str | None = None  # kind of the error; its text may quote an address


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a probe reads."""

    status: str
    checks: list[State] = []


@dataclass(frozen=True, slots=True)
class Management:
    """The management application of one worker, as plain ASGI.

    Live says that the event loop turns.  Ready runs every check.  Started is ready once, and then
    stays so.  A source that is down fails none of them: the others must go on (promise P9).
    """

    checks: Mapping[str, Check]
    metrics: Callable[[], bytes]
    metrics_type: str
    once: set[str]  # "started", from the first time that every check was up

    @classmethod
    def of(
        cls, checks: Mapping[str, Check], metrics: Callable[[], bytes], metrics_type: str
    ) -> "Management":
        """Return an application over named checks and a function that prints the metrics.

        Checks may join *checks* later: a process is alive before it knows all that it waits for.
        """
        return cls(checks, metrics, metrics_type, set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del receive
        if scope["type"] != "http":
            return
        if scope["method"] not in {"GET", "HEAD"}:
            await _reply(send, HTTPStatus.METHOD_NOT_ALLOWED, b"GET, HEAD\n", "text/plain", ALLOW)
            return
        routes = self._routes()
        answer = routes.get(scope["path"])
        if answer is None:
            there = "".join(f"{path}\n" for path in routes).encode("ascii")
            await _reply(send, HTTPStatus.NOT_FOUND, there, "text/plain")
            return
        status, body, kind = await answer()
        await _reply(send, status, body if scope["method"] == "GET" else b"", kind)

    async def ready(self) -> Health:
        """Run every check at the same time, each for at most two seconds."""
        states = await asyncio.gather(
            *(_state(n, check) for n, check in tuple(self.checks.items()))
        )
        is_up = all(state.status == "UP" for state in states)
        if is_up:
            self.once.add("started")
        return Health("UP" if is_up else "DOWN", list(states))

    async def started(self) -> Health:
        """Be ready once."""
        return Health("UP") if "started" in self.once else await self.ready()

    def _routes(self) -> Mapping[str, Callable[[], Awaitable[tuple[HTTPStatus, bytes, str]]]]:
        async def live() -> tuple[HTTPStatus, bytes, str]:
            return _health(Health("UP"))

        async def ready() -> tuple[HTTPStatus, bytes, str]:
            return _health(await self.ready())

        async def started() -> tuple[HTTPStatus, bytes, str]:
            return _health(await self.started())

        async def metrics() -> tuple[HTTPStatus, bytes, str]:
            # In a thread: printing thousands of series would hold up the exchanges.
            return HTTPStatus.OK, await asyncio.to_thread(self.metrics), self.metrics_type

        return {
            "/health": ready,
            "/health/live": live,
            "/health/ready": ready,
            "/health/started": started,
            "/metrics": metrics,
        }


@asynccontextmanager
async def listening(app: Management, listener: socket.socket) -> AsyncGenerator[int, None]:
    """Serve *app* on *listener*, and give its port; the listener is closed at the end."""
    server = _Quiet(
        uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            lifespan="off",
            limit_concurrency=32,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        )
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve([listener]))
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True


def bind_first_free(host: str, port: int) -> tuple[socket.socket, int]:
    """Bind the first free port from *port* on.

    Returns:
        The listening socket, which the caller closes, and how many ports were taken before it:
        the number of this worker among those of the host.  With port 0 that is always 0.

    Raises:
        OSError: none of the 64 ports from *port* on is free.
    """
    last = OSError("no free port")
    for slot in range(min(TRIES, 65_536 - port) if port else 1):
        try:
            return _bound(host, port + slot), slot
        except OSError as taken:
            last = taken
    raise last


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    # Not SO_REUSEPORT: two workers on one port would answer for each other.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(64)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return bound


class _Quiet(uvicorn.Server):
    """A server inside another: the outer one keeps the signals."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the outer server."""
        yield


async def _state(name: str, check: Check) -> State:
    try:
        async with asyncio.timeout(CHECK_S):
            await check()
    except Exception as wrong:  # noqa: BLE001 - whatever it is, the answer is: not ready
        _log.warning("health.down", check=name, error=type(wrong).__qualname__)
        return State(name, "DOWN", type(wrong).__qualname__)
    return State(name, "UP")


def _health(health: Health) -> tuple[HTTPStatus, bytes, str]:
    status = HTTPStatus.OK if health.status == "UP" else HTTPStatus.SERVICE_UNAVAILABLE
    return status, msgspec.json.encode(health), "application/json"


async def _reply(
    send: Send, status: HTTPStatus, body: bytes, kind: str, *more: tuple[bytes, bytes]
) -> None:
    headers = [
        *more,
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
