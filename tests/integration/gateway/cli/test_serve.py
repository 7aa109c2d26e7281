"""Tests of `motlan serve`: the whole gateway as an operator starts it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path

import msgspec
import pytest

from gateway.cli.exits import Exit
from tests.command_line import ROOT, motlan

WAITING = {
    "audit": "UP",
    "catalog": "DOWN",
    "database": "UP",
    "migrations": "UP",
    "signing_key": "UP",
}


def _environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "MOTLAN_DATABASE__URL": database_url,
        "MOTLAN_AUDIT__KEYS_DIR": str(tmp_path / "pseudonyms"),
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "signing"),
        "MOTLAN_ADMIN__PORT": "0",
        "MOTLAN_MANAGEMENT__PORT": str(_free_port()),
        "MOTLAN_KEEPER__PORT": str(_free_port()),
        "MOTLAN_TREE__KEYS_DIR": str(tmp_path / "log"),
        "MOTLAN_TREE__GUARD_FILE": str(tmp_path / "guard.json"),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read()
        except OSError:
            return 0, b""


def _states(management: int) -> dict[str, str]:
    _, body = _get(management, "/health/ready")
    checks = msgspec.json.decode(body)["checks"] if body else []
    return {check["name"]: check["status"] for check in checks}


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Give the settings of a gateway on a fresh database."""
    return _environment(database_url, tmp_path)


@pytest.fixture
def process(env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Give a gateway with one worker."""
    started = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", "--port", "0", "--workers", "1"],
        cwd=ROOT,
        env={"PATH": os.defpath, **env},
        stderr=subprocess.PIPE,
    )
    yield started
    started.terminate()
    started.communicate(timeout=30)


def test_it_comes_up_and_waits_for_a_catalog(
    process: subprocess.Popen[bytes], env: Mapping[str, str]
) -> None:
    """Alive, everything else in order, and no traffic until there is something to ask for."""
    assert process.stderr
    line = msgspec.json.decode(process.stderr.readline())
    management = int(env["MOTLAN_MANAGEMENT__PORT"])
    until = time.monotonic() + 60
    while _states(management) != WAITING and time.monotonic() < until:
        time.sleep(0.2)

    assert WAITING == _states(management)
    assert 200 == _get(management, "/health/live")[0]
    assert b"motlan_catalog_revision 0" in _get(management, "/metrics")[1]
    assert Exit.UNHEALTHY == motlan("doctor", "--ready", env=env).exit_code
    assert 404 == _get(line["port"], "/nothing/here")[0]

    process.send_signal(signal.SIGTERM)
    assert 0 == process.wait(timeout=30)


def test_it_does_not_start_on_a_database_that_is_behind(
    empty_database_url: str, tmp_path: Path
) -> None:
    """Nobody migrates by starting a server."""
    result = motlan("serve", env=_environment(empty_database_url, tmp_path))

    assert Exit.MIGRATIONS == result.exit_code
    assert "motlan db upgrade" in result.stderr


@pytest.mark.parametrize("flag", ["--port", "--admin-port"])
def test_an_address_that_is_taken_is_told(env: Mapping[str, str], flag: str) -> None:
    """With the flag that helps."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = motlan("serve", "--port", "0", flag, str(taken.getsockname()[1]), env=env)

    assert Exit.REFUSED == result.exit_code
    assert f"another {flag}" in result.stderr


def test_one_port_is_not_two_doors(env: Mapping[str, str]) -> None:
    """A worker tells them apart by their ports, whatever their hosts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ports = ("--port", port, "--admin-port", port)
    result = motlan("serve", *ports, "--admin-host", "127.0.0.2", env=env)

    assert Exit.REFUSED == result.exit_code
    assert "--admin-port" in result.stderr
