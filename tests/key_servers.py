"""An agency's server that publishes keys on loopback, and says whatever a test tells it to."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


class KeyServer:
    """What is published, and how often it was asked for."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.status = 200
        self.headers: dict[str, str] = {"Content-Type": "application/jwk-set+json"}
        self.body = b""
        self.silent = False  # takes the question and says nothing
        self.released = Event()

    def publish(self, *keys: Mapping[str, object]) -> None:
        """Say these keys from now on."""
        self.status, self.silent = 200, False
        self.body = json.dumps({"keys": keys}).encode()


@contextmanager
def publishing() -> Generator[KeyServer]:
    """Serve on a free port of loopback."""
    said = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said.asked += 1
            if said.silent:
                said.released.wait(30)
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base
            """Say nothing."""
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    said.url = f"http://127.0.0.1:{server.server_port}/jwks.json"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield said
    finally:
        said.released.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=20)
