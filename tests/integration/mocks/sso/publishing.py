"""A small server in a thread: what relying parties publish and receive, for the provider to use."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs


@contextmanager
def served(document: Callable[[], object]) -> Generator[str]:
    """Serve what *document* returns at the moment, as JSON; give its address."""

    class Handler(_Silent):
        def do_GET(self) -> None:
            self.answer(200, json.dumps(document()).encode())

    with _running(Handler) as base:
        yield f"{base}/keys"


@contextmanager
def receiving(status: int = 200) -> Generator[tuple[str, list[str]]]:
    """Take logout tokens and answer *status*; give the address and what came."""
    tokens: list[str] = []

    class Handler(_Silent):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            tokens.append(parse_qs(body.decode())["logout_token"][0])
            self.answer(status, b"")

    with _running(Handler) as base:
        yield f"{base}/logout", tokens


class _Silent(BaseHTTPRequestHandler):
    def answer(self, status: int, body: bytes) -> None:
        """Answer the request in hand."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing on standard error."""


@contextmanager
def _running(handler: type[BaseHTTPRequestHandler]) -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)
