"""Tests of the keeper: by itself, and beside the workers of `motlan serve`."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import msgspec
import psutil
import pytest

from tests.command_line import ROOT

WITHIN_S = 20.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _audit_is_up(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", "/health/ready")
        checks = msgspec.json.decode(connection.getresponse().read())["checks"]
        return any(each["name"] == "audit" and each["status"] == "UP" for each in checks)
    return False


def _await_up(port: int) -> None:
    until = time.monotonic() + WITHIN_S
    while not _audit_is_up(port):
        assert time.monotonic() < until, "the keeper did not come up"
        time.sleep(0.1)


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Give the settings of a gateway on a fresh database."""
    return {
        "PATH": os.defpath,
        "MOTLAN_DATABASE__URL": database_url,
        "MOTLAN_AUDIT__KEYS_DIR": str(tmp_path / "pseudonyms"),
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "signing"),
        "MOTLAN_TREE__KEYS_DIR": str(tmp_path / "log"),
        "MOTLAN_TREE__GUARD_FILE": str(tmp_path / "guard.json"),
        "MOTLAN_ADMIN__PORT": "0",
        "MOTLAN_MANAGEMENT__PORT": str(_free_port()),
        "MOTLAN_KEEPER__PORT": str(_free_port()),
    }


def _started(env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", *arguments], cwd=ROOT, env=env, stderr=subprocess.DEVNULL
    )
    yield process
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture
def keeper(env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Give a keeper by itself."""
    yield from _started(env, "keep")


@pytest.fixture
def gateway(env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Give a gateway with one worker and its keeper."""
    yield from _started(env, "serve", "--port", "0", "--workers", "1")


def test_a_keeper_by_itself_comes_up_and_ends_when_asked(
    env: dict[str, str], keeper: subprocess.Popen[bytes]
) -> None:
    """A second host can keep the record without serving anything."""
    _await_up(int(env["MOTLAN_KEEPER__PORT"]))

    keeper.send_signal(signal.SIGTERM)

    assert 0 == keeper.wait(timeout=20)


@pytest.mark.parametrize(("setting", "nice"), [(None, 10), ("4", 4)], ids=["by itself", "as set"])
def test_a_keeper_lets_others_go_first(env: dict[str, str], setting: str | None, nice: int) -> None:
    """Somebody waits for an exchange, nobody for the keeper."""
    if setting is not None:
        env["MOTLAN_KEEPER__NICE"] = setting
    for keeper in _started(env, "keep"):
        _await_up(int(env["MOTLAN_KEEPER__PORT"]))

        assert psutil.Process(keeper.pid).nice() == max(nice, os.getpriority(os.PRIO_PROCESS, 0))


def test_a_keeper_that_is_killed_is_started_again(
    env: dict[str, str], gateway: subprocess.Popen[bytes]
) -> None:
    """The record must be folded for as long as anything is served."""
    port = int(env["MOTLAN_KEEPER__PORT"])
    _await_up(port)
    first = next(
        child
        for child in psutil.Process(gateway.pid).children()
        if "gateway.cli.keeping" in child.cmdline()
    )

    first.kill()
    psutil.wait_procs([first], timeout=10)
    _await_up(port)

    assert first not in psutil.Process(gateway.pid).children()
