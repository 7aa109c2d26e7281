"""Tests of how commands end."""

import click
import pytest
from click.testing import CliRunner

from gateway.cli.answers import FAILURES, Answer, Failed, answering, table
from gateway.cli.exits import Exit
from gateway.settings import ConfigurationError

SECRET = "postgresql://gw:s3cret@db"


def _command(error: Exception | None) -> click.Command:
    @click.command()
    @answering
    def probe() -> Answer:
        if error:
            raise error
        return Answer({"a": 1}, "one")

    return probe


@pytest.mark.parametrize(("flags", "said"), [([], "one\n"), (["--json"], '{\n  "a": 1\n}\n')])
def test_an_answer_is_words_or_json(flags: list[str], said: str) -> None:
    """People and programs ask the same commands."""
    result = CliRunner().invoke(_command(None), flags)

    assert (said, 0) == (result.stdout, result.exit_code)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Failed(Exit.REFUSED, "no"), Exit.REFUSED),
        (ConfigurationError(["listen.port: no"]), Exit.SETTINGS),
        (ConnectionRefusedError(SECRET), Exit.DATABASE),
    ],
    ids=["refused", "settings", "database"],
)
def test_a_failure_ends_with_its_code(error: Exception, code: Exit) -> None:
    """Scripts decide by the number; the words go where errors go."""
    words = CliRunner().invoke(_command(error))
    told = CliRunner().invoke(_command(error), ["--json"])

    assert (code, "") == (words.exit_code, words.stdout)
    assert code == told.exit_code
    assert f'"code": {code.value}' in told.stdout
    assert "s3cret" not in words.output + told.output


def test_what_nobody_expected_is_raised() -> None:
    """A fault of ours is not dressed up as an answer."""
    assert isinstance(
        CliRunner().invoke(_command(ZeroDivisionError())).exception, ZeroDivisionError
    )


def test_texts_of_drivers_are_not_shown() -> None:
    """They may quote a row, or the password in an address."""
    hidden = {kind.__name__ for kind, _, may_show in FAILURES if not may_show}

    assert {"PostgresError", "SQLAlchemyError", "OSError"} <= hidden


def test_a_table_is_aligned() -> None:
    """Read at three in the morning."""
    assert "a   b\nxx  1\ny   22" == table([{"a": "xx", "b": 1}, {"a": "y", "b": 22}])
