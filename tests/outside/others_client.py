"""A relying party by others, as a process that is asked line by line."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WAIT_S = 60


class OthersClient:
    """The running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Ask *process*."""
        self._process = process

    async def ask(self, **question: Any) -> dict[str, Any]:
        """Send one line, return the answer to it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        await self._process.stdin.drain()
        line = await asyncio.wait_for(self._process.stdout.readline(), WAIT_S)
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def others_client() -> AsyncGenerator[OthersClient]:
    """Start the program; it ends with its standard input."""
    process = await asyncio.create_subprocess_exec(
        *("node", "oidc/client.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=HERE,
    )
    try:
        yield OthersClient(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), WAIT_S)
