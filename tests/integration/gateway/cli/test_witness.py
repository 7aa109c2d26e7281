"""`motlan witness`, as an officer of an audit office uses it."""

import socket
from pathlib import Path

import pytest

from gateway.cli.exits import Exit
from gateway.tlog.vkeys import Kind, parse_vkey
from tests.command_line import answer, motlan
from tests.witness_builders import NAME, a_log, a_witness, logs_file


def test_keys_are_made_once_and_can_be_shown_again(tmp_path: Path) -> None:
    """What was mailed to the province must be what the machine has."""
    store = str(tmp_path / "w")
    made = answer("witness", "keygen", "--store", store, "--name", NAME)
    again = answer("witness", "vkey", "--store", store)

    assert made == again
    assert NAME == made["name"]
    kinds = [parse_vkey(key).kind for key in made["vkeys"]]
    assert [Kind.COSIGNATURE_ED25519, Kind.ML_DSA_44] == kinds


def test_a_second_making_is_refused(tmp_path: Path) -> None:
    """One name has one memory."""
    store = str(tmp_path / "w")
    motlan("witness", "keygen", "--store", store, "--name", NAME)
    second = motlan("witness", "keygen", "--store", store, "--name", NAME)

    assert Exit.REFUSED == second.exit_code
    assert "already" in second.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("vkey",), Exit.REFUSED, "keygen"),
        (("serve", "--logs", "{tmp}/none"), Exit.REFUSED, "keygen"),
        (("keygen", "--name", "a b"), Exit.REFUSED, "no blanks"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, arguments: tuple[str, ...], code: Exit, said: str
) -> None:
    """The next step stands in the message."""
    words = [each.replace("{tmp}", str(tmp_path)) for each in arguments]
    result = motlan("witness", words[0], "--store", str(tmp_path / "w"), *words[1:])

    assert code == result.exit_code
    assert said in result.output


def test_a_witness_without_logs_does_not_start(tmp_path: Path) -> None:
    """It would look as if somebody watched."""
    store = str(tmp_path / "w")
    motlan("witness", "keygen", "--store", store, "--name", NAME)
    result = motlan("witness", "serve", "--store", store, "--logs", str(tmp_path / "none"))

    assert Exit.REFUSED == result.exit_code
    assert "missing" in result.output


@pytest.mark.parametrize(
    ("listen", "code"),
    [("8200", Exit.USAGE), ("127.0.0.1:x", Exit.USAGE), ("127.0.0.1:70000", Exit.USAGE)],
)
def test_an_address_that_is_none_is_named(tmp_path: Path, listen: str, code: Exit) -> None:
    """Before anything runs."""
    store = str(tmp_path / "w")
    motlan("witness", "keygen", "--store", store, "--name", NAME)
    logs = str(logs_file(tmp_path, a_log(2)))
    result = motlan("witness", "serve", "--store", store, "--logs", logs, "--listen", listen)

    assert code == result.exit_code


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Two witnesses on one machine need two ports."""
    store = str(tmp_path / "w")
    motlan("witness", "keygen", "--store", store, "--name", NAME)
    logs = str(logs_file(tmp_path, a_log(2)))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        result = motlan("witness", "serve", "--store", store, "--logs", logs, "--listen", listen)

    assert Exit.REFUSED == result.exit_code
    assert "--listen" in result.output


async def test_it_needs_neither_database_nor_settings(tmp_path: Path) -> None:
    """It runs on a machine of another house, where nothing of ours is configured."""
    async with a_witness(tmp_path / "w", a_log(2)) as running:
        await running.stop()
        await running.start(MOTLAN_CONFIG="/nowhere.toml", MOTLAN_DATABASE__URL="nonsense")
        code = await running.stop()

    assert 0 == code
    assert 2 == running.printed.read_text("utf-8").count("Bên làm chứng")
