"""Two doors: each listener serves its own routes, and the other's are not there.

Which door a call came to is read from the socket that took it, never from a header.  The table of
permissions says what each door serves; what is not there answers as a path that nobody ever made,
whatever the method, so that one door tells nothing about the other.
"""

from collections.abc import Iterable
from typing import cast

from litestar import Litestar
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.routes import ASGIRoute, HTTPRoute
from litestar.types import HTTPScope, Receive, Scope, Send
from litestar.utils import normalize_path

from auth.permissions import Listener, Permission, served_at

NOWHERE = "/-"  # no route of ours; what is asked for there is not found


class Doors:
    """The application behind both listeners.

    Args:
        app: every route of ours.
        admin_port: the port of the listener for staff; the two listeners never share one.
    """

    def __init__(self, app: Litestar, admin_port: int) -> None:
        self._app = app
        self._admin_port = admin_port
        self._named = _permissions(app)

    def listener(self, server: tuple[str, int | None] | None) -> Listener:
        """Return the door of a connection by our own end of it.

        A connection without an address of ours, such as that of a test inside the process, came to
        the service door: what only staff may see is shown to nobody by mistake.
        """
        is_admin = server is not None and server[1] == self._admin_port != 0
        return Listener.ADMIN if is_admin else Listener.SERVICE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the call to the application, as a call to nowhere when it came to the wrong door."""
        if scope["type"] == "http" and not self._is_there(cast("HTTPScope", scope)):
            scope["path"] = NOWHERE
            scope["raw_path"] = NOWHERE.encode("ascii")
        await self._app(scope, receive, send)

    def _is_there(self, scope: HTTPScope) -> bool:
        """Say whether this door serves the route; what has no route is left to the application."""
        path, method = normalize_path(scope["path"]), str(scope["method"])
        door = self.listener(scope["server"])
        try:
            permission, template = self._routed(path, method)
        except MethodNotAllowedException as refused:
            allowed = (refused.headers or {}).get("allow", "").split(", ")
            found = {self._routed(path, each)[0] for each in allowed if each}
            return _any_served(found, door)
        except HTTPException:
            return True
        if permission is None:  # the framework's own answer to OPTIONS, or a page of its own
            return _any_served(self._named.get(template, frozenset()), door)
        return served_at(permission, door)

    def _routed(self, path: str, method: str) -> tuple[Permission | None, str]:
        found = self._app.asgi_router.handle_routing(path=path, method=method)  # type: ignore[arg-type]
        permission = found[1].opt.get("permission")
        return permission if isinstance(permission, Permission) else None, found[4]


def _any_served(named: Iterable[Permission | None], door: Listener) -> bool:
    """Say whether one of those *named* is served at *door*; a path of nobody's is everybody's."""
    ours = {each for each in named if each is not None}
    return not ours or any(served_at(each, door) for each in ours)


def _permissions(app: Litestar) -> dict[str, frozenset[Permission]]:
    """Return what the routes of each path demand, by the path's template."""
    found: dict[str, set[Permission]] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            handlers = [handler.opt for handler in route.route_handlers]
        elif isinstance(route, ASGIRoute):
            handlers = [route.route_handler.opt]
        else:
            continue
        named = (opt.get("permission") for opt in handlers)
        found.setdefault(route.path_format, set()).update(
            each for each in named if isinstance(each, Permission)
        )
    return {path: frozenset(named) for path, named in found.items()}
