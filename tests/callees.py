"""What callers call, for their tests: a gateway of prepared answers, on a real port."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

NOON_S = 1_795_150_800.0  # noon of 20 November 2026 in Viet Nam
Reply = tuple[int, dict[str, str], object]


@dataclass
class Desk:
    """What came in, and the answers that will be given, the last one for ever."""

    tokens: list[Reply]
    answers: list[Reply]
    seen: list[tuple[str, dict[str, str], str]] = field(default_factory=list[Any])

    def reply(self, path: str, headers: dict[str, str], body: str) -> Reply:
        """Note a request and return its answer."""
        self.seen.append((path, headers, body))
        queue = self.tokens if path == "/oauth/token" else self.answers
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def sent(self, path: str) -> list[tuple[dict[str, str], str]]:
        """Return headers and bodies of the requests to *path*."""
        return [(headers, body) for each, headers, body in self.seen if each == path]


def a_token(name: str = "t-1") -> Reply:
    """Return the answer of a token endpoint."""
    return 200, {}, {"access_token": name, "token_type": "DPoP", "expires_in": 300}


FINE: Reply = (200, {}, {"record": {"khop": True}})
NONCE_PLEASE: Reply = (
    401,
    {"DPoP-Nonce": "n-9", "WWW-Authenticate": 'DPoP error="use_dpop_nonce"'},
    {"code": "dpop_nonce_required"},
)
NONCE_AT_THE_ENDPOINT: Reply = (400, {"DPoP-Nonce": "n-8"}, {"error": "use_dpop_nonce"})


@contextmanager
def serving(desk: Desk) -> Iterator[str]:
    """Serve *desk* on a free port; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length).decode()
            status, headers, said = desk.reply(self.path, dict(self.headers), body)
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
