"""What a command ends with: an answer in words or as JSON, and an exit code."""

import functools
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec

import click
import msgspec

from auth.accounts.errors import AccountsUnavailable
from auth.errors import PartyError, RegistrationsUnavailable
from auth.roles.errors import RolesUnavailable
from catalog.errors import CatalogInvalid, EntryUnknown, SecondPersonMissing, TransitionRefused
from gateway.cli.exits import Exit
from gateway.database import DRIVER_ERRORS, MigrationBusy, RevisionUnknown
from gateway.embedded import EmbeddedError
from gateway.settings import ConfigurationError

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say: *facts* for programs, *text* for people."""

    facts: Any
    text: str
    code: Exit = Exit.OK


class Failed(Exception):
    """A command cannot do what was asked; says why and with which code to end."""

    def __init__(self, code: Exit, why: str) -> None:
        super().__init__(why)
        self.code = code


# What each failure ends with, the first that fits; and whether its text may be shown.
FAILURES: tuple[tuple[type[Exception], Exit, bool], ...] = (
    (ConfigurationError, Exit.SETTINGS, True),
    (EmbeddedError, Exit.DATABASE, True),
    (MigrationBusy, Exit.DATABASE, True),
    (RevisionUnknown, Exit.MIGRATIONS, True),
    (CatalogInvalid, Exit.REFUSED, True),
    (EntryUnknown, Exit.REFUSED, True),
    (SecondPersonMissing, Exit.REFUSED, True),
    (TransitionRefused, Exit.REFUSED, True),
    (RegistrationsUnavailable, Exit.DATABASE, True),
    (AccountsUnavailable, Exit.DATABASE, True),
    (RolesUnavailable, Exit.DATABASE, True),
    (PartyError, Exit.REFUSED, True),
    # Their texts may quote a row, or the password of an address.
    *((kind, Exit.DATABASE, False) for kind in DRIVER_ERRORS),
    (ssl.SSLError, Exit.DATABASE, False),
    (OSError, Exit.DATABASE, False),
    (TimeoutError, Exit.DATABASE, False),
)


def answering(work: Callable[P, Answer]) -> Callable[P, None]:
    """Give a command ``--json``, print its answer, and end with its code."""

    @functools.wraps(work)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.pop("as_json"))
        answer = _answered(functools.partial(work, *args, **kwargs))
        if as_json:
            sys.stdout.buffer.write(msgspec.json.format(encoded(answer.facts), indent=2) + b"\n")
            sys.stdout.flush()
        elif answer.text:
            click.echo(answer.text, err=answer.code is not Exit.OK)
        if answer.code is not Exit.OK:
            click.get_current_context().exit(answer.code)

    return click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")(command)


def encoded(facts: object) -> bytes:
    """Return *facts* as JSON; what JSON does not know is told by its name."""
    return msgspec.json.encode(facts, enc_hook=str)


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as aligned columns; nothing for none."""
    if not rows:
        return ""
    names = list(rows[0])
    lines = [names, *([str(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _answered(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except Failed as failed:
        return failure(failed.code, type(failed).__name__, str(failed))
    except KeyboardInterrupt:
        raise click.Abort from None
    except Exception as error:
        for kind, code, may_show in FAILURES:
            if isinstance(error, kind):
                name = type(error).__name__
                return failure(code, name, str(error) if may_show else _hint(code, name))
        raise


def failure(code: Exit, kind: str, why: str) -> Answer:
    """Return the answer of a command that failed."""
    facts = {"error": {"code": code.value, "kind": kind, "message": why}}
    return Answer(facts, why, code)


def _hint(code: Exit, name: str) -> str:
    if code is Exit.DATABASE:
        return f"the database did not do it ({name}); `motlan doctor` says more"
    return name
