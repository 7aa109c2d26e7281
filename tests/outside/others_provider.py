"""An OpenID provider by others, as a process; and somebody who signs on there without a browser."""

import json
import subprocess
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from re import findall
from threading import Thread
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import httpx

HERE = Path(__file__).parent
WAIT_S = 60
MOST_STEPS = 10
LEVEL_1, LEVEL_2 = "urn:motlan:acr:1", "urn:motlan:acr:2"
CLAIMS = ("TechID", "HoVaTen", "ma_can_bo", "ma_don_vi", "SoDinhDanh", "LoaiTaiKhoan")


class OthersProvider:
    """The running provider; it serves once it is configured."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Listen to *process*, and wait for its first line."""
        self._process = process
        self._said: Queue[str] = Queue()
        self.complaints: list[dict[str, Any]] = []  # what it refused, and whom it has told
        self._listeners: list[Thread] = []
        self._listen(process.stdout, self._said.put)
        self._listen(process.stderr, self._hear)
        self.url = self._said.get(timeout=WAIT_S).strip()

    def issuer(self, realm: str) -> str:
        """Return its issuer; it has one realm, whatever that is called."""
        del realm
        return self.url

    def configure(self, client: Mapping[str, Any], accounts: Mapping[str, Any]) -> None:
        """Say who its one client and its people are."""
        assert self._process.stdin is not None
        given = {
            "clients": [client],
            "accounts": accounts,
            "claims": CLAIMS,
            "acrs": [LEVEL_1, LEVEL_2],
        }
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        assert self._said.get(timeout=WAIT_S) == "ready\n", self.complaints

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return what it said of one kind of event."""
        return [each for each in self.complaints if each["event"] == name]

    def _hear(self, line: str) -> None:
        if line.startswith("{"):  # the rest is Node's own
            self.complaints.append(json.loads(line))

    def stop(self) -> None:
        """End the process, and hear it out."""
        self._process.terminate()
        self._process.wait(WAIT_S)
        for listener in self._listeners:
            listener.join(WAIT_S)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def _listen(self, stream: IO[str] | None, hear: Callable[[str], None]) -> None:
        assert stream is not None

        def listen() -> None:
            for line in stream:
                hear(line)
            hear("")  # it has ended

        self._listeners.append(Thread(target=listen, daemon=True))
        self._listeners[-1].start()


class Visitor:
    """A browser at the provider; its cookies stay from one sign-on to the next."""

    def __init__(self) -> None:
        """Open the browser."""
        self._http = httpx.AsyncClient(timeout=30, trust_env=False)

    async def close(self) -> None:
        """Close the browser."""
        await self._http.aclose()

    async def walk(
        self, url: str, home: str, persona: str, *, acr: str = LEVEL_2, answer: str = "yes"
    ) -> str:
        """Follow *url* until the provider sends us to *home*, answering as *persona* when asked."""
        for _ in range(MOST_STEPS):
            if url.startswith(home):
                return url
            if urlsplit(url).path.startswith("/interaction/"):
                form = {"persona": persona, "acr": acr, "answer": answer}
                reply = await self._http.post(url, data=form)
            else:
                reply = await self._http.get(url)
            assert reply.is_redirect, f"{reply.status_code} {reply.text}"
            url = urljoin(url, reply.headers["location"])
        raise AssertionError("the provider never sends us back")

    async def is_asked(self, url: str, home: str) -> bool:
        """Follow *url*; say whether a person is asked before the provider sends us to *home*."""
        for _ in range(MOST_STEPS):
            if url.startswith(home):
                return False
            if urlsplit(url).path.startswith("/interaction/"):
                return True
            url = urljoin(url, (await self._http.get(url)).headers["location"])
        raise AssertionError("the provider leads nowhere")

    async def leave(self, url: str) -> str:
        """Open the provider's logout, say yes on its page, and return where it sends us."""
        page = await self._http.get(url)
        action = findall(r'action="([^"]+)"', page.text)
        assert action, page.text
        form = {"xsrf": findall(r'name="xsrf" value="([^"]+)"', page.text)[0], "logout": "yes"}
        reply = await self._http.post(urljoin(url, action[0]), data=form)
        assert reply.is_redirect, f"{reply.status_code} {reply.text}"
        return reply.headers["location"]


@contextmanager
def others_provider() -> Generator[OthersProvider]:
    """Start the provider; it ends with the block."""
    process = subprocess.Popen(
        ["node", "oidc/provider.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    provider = OthersProvider(process)
    try:
        yield provider
    finally:
        provider.stop()
