"""An OpenID provider that says whatever a test has written for it, over a real socket."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from msgspec import Struct

from auth.jose import SigningKey, public_jwk
from tests.sign_on_builders import KEY, metadata_members


class Asked(Struct, frozen=True):
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The members of its form."""
        return dict(parse_qsl(self.body.decode()))


class Said(Struct, frozen=True):
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    after_s: float = 0


Line: TypeAlias = Said | Callable[[Asked], Said]


def told(value: Any, status: int = 200, *headers: tuple[str, str]) -> Said:
    """Return *value* as a JSON answer."""
    return Said(
        status, json.dumps(value).encode(), (("Content-Type", "application/json"), *headers)
    )


class Script:
    """What is said at each path; anything else is 404."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.lines: dict[str, Line] = {}
        self.asked: list[Asked] = []

    def publish(self, *keys: SigningKey, **changes: Any) -> None:
        """Say the metadata of a good provider at this address, and these keys."""
        absolute = {
            name: value.replace(metadata_members()["issuer"], self.base)
            for name, value in metadata_members().items()
            if isinstance(value, str)
        }
        self.lines["/.well-known/openid-configuration"] = told(
            metadata_members(**(absolute | changes))
        )
        self.lines["/jwks"] = told({"keys": [public_jwk(key) for key in keys or (KEY,)]})

    def count(self, path: str) -> int:
        """Return how often *path* was asked for."""
        return sum(each.path == path for each in self.asked)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, say what is written, close."""
        try:
            asked = await _read(reader)
            self.asked.append(asked)
            line = self.lines.get(asked.path, Said(404))
            said = line(asked) if callable(line) else line
            await asyncio.sleep(said.after_s)
            head = [
                f"HTTP/1.1 {said.status} X",
                *(f"{name}: {text}" for name, text in said.headers),
            ]
            head += [f"Content-Length: {len(said.body)}", "Connection: close", "", ""]
            writer.write("\r\n".join(head).encode() + said.body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): text.strip() for name, _, text in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body)


@asynccontextmanager
async def a_script() -> AsyncGenerator[Script]:
    """Serve a script on the loopback; it says nothing yet."""
    script = Script("")
    server = await asyncio.start_server(script.answer, "127.0.0.1", 0)
    script.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield script
    finally:
        server.close()
