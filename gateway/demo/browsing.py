"""A person with a browser, told in code: cookies, redirects, and the one page of the sign-on."""

import re
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from gateway.calling.wire import Reply, fetch

MOST_REDIRECTS = 12
FORM = "application/x-www-form-urlencoded"
_PAGE = re.compile(r'name="page" value="([^"]+)"')
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Lost(Exception):
    """The browser did not arrive: too many redirects, or a page that nobody expected."""


class Browser:
    """One person's browser.  Cookies belong to a host, whatever its port, as in every browser."""

    def __init__(self, persona: str, *, level: int = 1) -> None:
        """Be *persona*, who chooses *level* when asked how strongly."""
        self._answer = {"persona": persona, "level": str(level), "answer": "yes"}
        self._cookies: dict[str, dict[str, str]] = {}
        self.at = ""  # where it is now

    def visit(self, url: str, *, until: str | None = None) -> Reply | None:
        """Open *url* and go wherever it leads, answering the sign-on's question on the way.

        Args:
            url: absolute.
            until: an address that is not opened: arriving there is the end, `at` says with what.

        Returns:
            The page at the end; None at *until*.

        Raises:
            Lost: it leads nowhere.
            Unanswered: somebody on the way is not there.
        """
        for _ in range(MOST_REDIRECTS):
            self.at = url
            if until is not None and url.split("?", maxsplit=1)[0] == until:
                return None
            reply = self.send("GET", url)
            asked = _PAGE.search(reply.content.decode("utf-8", "replace"))
            if asked is not None and reply.status not in _REDIRECTS:
                reply = self._choose(url, asked[1])
            if reply.status not in _REDIRECTS:
                return reply
            url = urljoin(self.at, reply.header("location"))
        raise Lost(urlsplit(url).path)

    def send(
        self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        """Send one request with this browser's cookies, and keep those of the answer."""
        where = urlsplit(url)
        jar = self._cookies.setdefault(where.hostname or "", {})
        sent = dict(headers or {})
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        reply = fetch(_origin(where), method, _target(where), body, sent)
        for name, value in reply.headers:
            if name == "set-cookie":
                _keep(jar, value)
        return reply

    def cookies(self, url: str) -> dict[str, str]:
        """Return what this browser keeps for the host of *url*."""
        return dict(self._cookies.get(urlsplit(url).hostname or "", {}))

    def _choose(self, url: str, page: str) -> Reply:
        where = url.split("?", maxsplit=1)[0].removesuffix("/authorize") + "/choose"
        form = urlencode({"page": page, **self._answer}).encode()
        origin = _origin(urlsplit(url))
        return self.send("POST", where, form, {"Content-Type": FORM, "Origin": origin})


def _keep(jar: dict[str, str], line: str) -> None:
    pair, *attributes = line.split(";")
    name, _, value = pair.strip().partition("=")
    gone = any(each.strip().lower() in {"max-age=0", "max-age=-1"} for each in attributes)
    if gone or not value:
        jar.pop(name, None)
    else:
        jar[name] = value


def _origin(where: SplitResult) -> str:
    return f"{where.scheme}://{where.netloc}"


def _target(where: SplitResult) -> str:
    return where.path + (f"?{where.query}" if where.query else "")
