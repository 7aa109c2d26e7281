"""Which logs a witness knows, and how it learns of a new key."""

import os
from pathlib import Path

import pytest

from gateway.witnessing.files import StoreUnusable
from gateway.witnessing.logs import LogsFile, parse_logs
from tests.tlog_builders import ORIGIN
from tests.witness_builders import a_log

LOG = a_log(2)
ED25519, ML_DSA = (str(signer.vkey) for signer in LOG.signers)


def test_a_logs_own_policy_serves() -> None:
    """An audit office copies one file, and the two sides cannot differ by a slip."""
    assert {ORIGIN: 2} == {name: len(keys) for name, keys in parse_logs(str(LOG.policy())).items()}


def test_bare_keys_and_comments_are_read() -> None:
    """Keys come by mail and over the telephone."""
    logs = parse_logs(f"# nhật ký của tỉnh\n\n{ED25519}\n  log {ML_DSA} https://log.example\n")

    assert 2 == len(logs[ORIGIN])


@pytest.mark.parametrize("line", ["log", "x", "log x", ED25519[:-2], f"{ED25519}\nquorum2 none"])
def test_a_line_that_is_no_key_is_named(line: str) -> None:
    """A key that was cut in a mail must not become a log that nobody watches."""
    with pytest.raises(StoreUnusable, match="line"):
        parse_logs(line)


def test_a_witnesss_key_is_no_logs_key() -> None:
    """A witness that trusted another witness to sign for a log would trust the wrong people."""
    witness = str(LOG.witnesses[0].vkey)

    with pytest.raises(StoreUnusable, match="line 1"):
        parse_logs(f"log {witness}")


def test_a_new_key_is_known_without_a_restart(tmp_path: Path) -> None:
    """Keys rotate while the witness runs."""
    path = tmp_path / "logs"
    path.write_text(f"log {ED25519}\n")
    known = LogsFile(path)
    path.write_text(f"log {ED25519}\nlog {ML_DSA}\n")

    assert 2 == len(known.current()[ORIGIN])


def test_a_file_that_became_wrong_changes_nothing(tmp_path: Path) -> None:
    """A slip of an editor must not blind the witness."""
    path = tmp_path / "logs"
    path.write_text(f"log {ED25519}\n")
    known = LogsFile(path)
    path.write_text("log nonsense and more\n")

    assert 1 == len(known.current()[ORIGIN])

    os.unlink(path)  # noqa: PTH108 - gone for good
    assert 1 == len(known.current()[ORIGIN])


def test_a_missing_file_is_refused_at_start(tmp_path: Path) -> None:
    """A witness that watches nothing should not look as if it did."""
    with pytest.raises(StoreUnusable, match="missing"):
        LogsFile(tmp_path / "logs")
