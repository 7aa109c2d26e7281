"""Speaks to relying parties: sends logout tokens and remembers the answers, reads key sets."""

import asyncio
from collections import deque
from collections.abc import Iterable

import httpx
from msgspec import Struct

from mocks.sso.leaving import Notice

WAIT_S = 10
MOST_KEPT = 1_000


class Sent(Struct, frozen=True, kw_only=True):
    """One logout token that was sent; *status* is 0 when nobody answered."""

    client_id: str
    status: int


class Sender:
    """Sends in the background: the browser need not wait for another party's server."""

    def __init__(self) -> None:
        self.sent: deque[Sent] = deque(maxlen=MOST_KEPT)
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, notices: Iterable[Notice]) -> None:
        """Begin to send *notices*, each once."""
        for notice in notices:
            task = asyncio.get_running_loop().create_task(self._send(notice))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def stop(self) -> None:
        """Give up what is still under way."""
        for task in tuple(self._under_way):
            task.cancel()

    @staticmethod
    async def read(url: str) -> bytes:
        """Return what is published at *url*; nothing when nobody answers."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as client:
                return (await client.get(url)).content
        except httpx.HTTPError:
            return b""

    async def _send(self, notice: Notice) -> None:
        status = 0
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as client:
                answer = await client.post(notice.url, data={"logout_token": notice.token})
                status = answer.status_code
        except httpx.HTTPError:
            pass
        self.sent.append(Sent(client_id=notice.client_id, status=status))
