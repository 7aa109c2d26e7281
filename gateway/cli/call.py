"""`motlan call`: one question, asked as a system of an agency asks it."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click
import msgspec
from rich_click import RichCommand

from auth.client import ClientKey
from gateway.calling.bindings import Proofs
from gateway.calling.kept import Kept, KeyUnusable, Tokens, read_key
from gateway.calling.system import System, TokenRefused
from gateway.calling.telling import told
from gateway.calling.wire import Answer as Said
from gateway.calling.wire import Json, Unanswered
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.exits import Exit
from gateway.clock import utc_now

GATEWAY = "http://127.0.0.1:8100"
LARGEST_QUESTION = 65_536  # bytes; the gateway reads no more
OURS = 500  # from here on it is not the caller's mistake
UNPROVEN = 401


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who asks whom, with which key."""

    gateway: str
    client_id: str
    key: ClientKey
    tokens: Tokens
    official: Path | None
    signs: bool = False

    def ask(self, service: str, question: Json) -> Said:
        """Ask; a token that was kept and is no longer good is replaced once."""
        proofs = Proofs(self.key.private, _now)
        kept = None if self.official else self.tokens.find(self.gateway, self.client_id, self.key)
        official = None if self.official is None else _token_in(self.official)
        system = System(
            self.gateway,
            self.client_id,
            self.key,
            binding=proofs,
            official=None if official is None else lambda: official,
            clock=_now,
            signs=self.signs,
        )
        if kept is not None:
            system.held, proofs.nonce = kept.held, kept.nonce
        answer = system.ask(service, question)
        if kept is not None and answer.status == UNPROVEN:
            system.forget()
            answer = system.ask(service, question)
        if self.official is None:
            self._keep(system, proofs)
        return answer

    def _keep(self, system: System, proofs: Proofs) -> None:
        kept = Kept(
            gateway=self.gateway,
            client_id=self.client_id,
            kid=self.key.public["kid"],
            held=system.held,
            nonce=proofs.nonce,
        )
        self.tokens.keep(kept)


@click.command(cls=RichCommand)
@click.argument("service")
@click.option(
    "--key",
    "key_file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The system's private key: a JWK, or what `motlan demo` wrote.",
)
@click.option("--gateway", default=GATEWAY, show_default=True, help="Scheme, host and port.")
@click.option("--client-id", help="The system; the name of the key file when left out.")
@click.option(
    "--subject-file",
    "asked",
    type=click.File("rb"),
    default="-",
    help="JSON: who or what is asked about, or the whole question; - is standard input.",
)
@click.option("--field", "fields", multiple=True, help="A field that is wanted; may be repeated.")
@click.option("--purpose", help="Code of the purpose.")
@click.option("--procedure", help="Code of the procedure.")
@click.option("--dossier", help="Code of the dossier.")
@click.option(
    "--official-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The staff provider's token of the official who asks through the system.",
)
@click.option("--sign", is_flag=True, help="Sign the request, where the agreement demands it.")
@answering
def call(
    *,
    service: str,
    key_file: Path,
    gateway: str,
    client_id: str | None,
    asked: IO[bytes],
    fields: tuple[str, ...],
    official_file: Path | None,
    sign: bool,
    **case: str | None,
) -> Answer:
    """Ask SERVICE one question; the answer, or the problem and what to do about it, is printed.

    About whom is read from standard input or a file, never from the command line: the shell would
    keep it, and everybody on the machine would see it.
    """
    try:
        key = read_key(key_file)
    except KeyUnusable as unusable:
        raise Failed(Exit.REFUSED, str(unusable)) from None
    named = client_id or key_file.stem
    caller = _Caller(gateway.rstrip("/"), named, key, Tokens(key_file), official_file, sign)
    question = _question(asked, fields, {n: value for n, value in case.items() if value})
    try:
        return _answer(caller.ask(service, question))
    except TokenRefused as refused:
        return _answer(refused.answer)
    except Unanswered as nobody:
        raise Failed(Exit.UNANSWERED, f"không có trả lời / no answer: {nobody}") from None


def _answer(said: Said) -> Answer:
    if said.fine:
        return Answer(said.body, told(said))
    code = Exit.UNANSWERED if said.status >= OURS else Exit.REFUSED
    return Answer(said.body, told(said), code)


def _question(asked: IO[bytes], fields: tuple[str, ...], case: Json) -> Json:
    """Return the question; what was said on the command line goes before what was read."""
    try:
        found = msgspec.json.decode(asked.read(LARGEST_QUESTION + 1), type=Json)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Without the cause, which may quote it.
        raise Failed(Exit.USAGE, "the subject is not a JSON object") from None
    whole = found if "subject" in found else {"subject": found}
    return whole | case | ({"fields": list(fields)} if fields else {})


def _token_in(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise Failed(Exit.REFUSED, f"{path} holds no token") from None


def _now() -> float:
    return utc_now().timestamp()
