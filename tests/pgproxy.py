"""A hostile wire in front of PostgreSQL: cuts, delays or swallows what passes."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

SOCKET = ".s.PGSQL.5432"
END_OTHERS = """
SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
WHERE datname = current_database() AND usename = session_user AND pid <> pg_backend_pid()
"""


class PgProxy:
    """Passes bytes between clients and a server's socket, the way it was last told to."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._links: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered = asyncio.Event()
        self.delay_s = 0.0  # before each answer
        self.swallow_answers = False  # the server works, nobody hears of it
        self.cut_at_question = False  # the next question is lost, and the connection with it
        self.cut_at_answer = False  # the next question arrives, its answer is lost
        self.hold_end = False  # the server's last words pass, that it is gone does not
        self.refuse = False  # nobody answers the door

    @property
    def dsn_host(self) -> str:
        """Return the folder of the socket."""
        return str(self._folder)

    async def serve(self) -> asyncio.Server:
        """Listen."""
        return await asyncio.start_unix_server(self._accept, path=str(self._folder / SOCKET))

    async def answered(self) -> None:
        """Return once an answer of the server has been swallowed or cut, or its end held."""
        await self._answered.wait()
        self._answered.clear()

    def cut_all(self) -> None:
        """Cut every connection at once."""
        for link in list(self._links):
            link.transport.abort()

    async def close(self) -> None:
        """Cut everything and wait for the end of it."""
        self.cut_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._links.add(writer)
        try:
            if not self.refuse:
                await self._pass(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._links.discard(writer)
            self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._server)
        self._links.add(server_writer)
        ways = [
            asyncio.ensure_future(self._questions(reader, server_writer)),
            asyncio.ensure_future(self._answers(server_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            server_writer.transport.abort()
            self._links.discard(server_writer)

    async def _questions(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if self.cut_at_question:
                self.cut_at_question = False
                return
            server.write(data)
            await server.drain()

    async def _answers(self, server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await server.read(65_536):
            if self.cut_at_answer:
                self.cut_at_answer = False
                self._answered.set()
                return
            if self.swallow_answers:
                self._answered.set()
                continue
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            writer.write(data)
            await writer.drain()
        if self.hold_end:
            for _ in range(2):  # what is written is read by then: clients live in our loop
                await asyncio.sleep(0)
            self._answered.set()
            await asyncio.Event().wait()


async def end_server(proxy: PgProxy, dsn: str) -> None:
    """End the server's processes; clients hear the farewell, and not yet that nobody is there.

    Whoever asks now gets an error that the driver keeps for what should not happen.
    """
    proxy.hold_end = True
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(END_OTHERS)
    finally:
        await connection.close()
    await proxy.answered()
    proxy.hold_end = False


@asynccontextmanager
async def a_proxy(dsn: str, folder: Path) -> AsyncGenerator[tuple[PgProxy, str]]:
    """Put a proxy before *dsn*; give it and the DSN that leads through it."""
    parts = urlsplit(dsn)
    host = parse_qs(parts.query)["host"][0]
    proxy = PgProxy(f"{host}/{SOCKET}", folder)
    server = await proxy.serve()
    try:
        yield proxy, f"postgresql://{parts.username}@{parts.path}?host={folder}"
    finally:
        server.close()
        await proxy.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 2)
