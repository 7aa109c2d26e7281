"""`python -m mocks` as a process of its own, on uvloop."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest


@pytest.mark.parametrize("register", ["population", "land", "insurance", "civil", "all"])
async def test_the_command_says_where_it_listens_and_stops_when_told(
    stores: Path, register: str
) -> None:
    """The demo starts registers as processes and waits for these lines."""
    command = ("-m", "mocks", register, "--port", "0", "--store", str(stores))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    expected = 4 if register == "all" else 1
    lines = [
        (await asyncio.wait_for(process.stdout.readline(), 30)).decode() for _ in range(expected)
    ]
    url = lines[-1].split()[-1]
    async with httpx.AsyncClient() as client:
        health = (await client.get(f"{url}/__health")).json()
    process.terminate()

    assert 0 == await asyncio.wait_for(process.wait(), 10)
    assert all(" ready on http://127.0.0.1:" in line for line in lines)
    assert (5_000, 20261121) == (health["people"], health["seed"])


async def test_the_command_refuses_a_configuration_it_does_not_know(tmp_path: Path) -> None:
    """A misspelt member must not leave the demo credentials in force."""
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"land": {"key": {}}}')
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mocks",
        "land",
        "--config",
        str(wrong),
        stderr=asyncio.subprocess.PIPE,
    )

    _, said = await asyncio.wait_for(process.communicate(), 30)

    assert 2 == process.returncode
    assert b"unknown field `key`" in said
