"""`motlan system keygen`, `rotate` and `revoke-key`: what a system proves itself by."""

import os
from datetime import timedelta
from pathlib import Path

import click
import msgspec

from auth import registrations
from auth.credentials import members
from auth.credentials.environments import Environment
from auth.credentials.keytexts import new, text_of
from auth.credentials.members import MemberRefused
from auth.jose import Algorithm, public_jwk, signing_key
from auth.registrations import Applied
from auth.systems import Credentials, System
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import database_options, signed
from gateway.cli.exits import Exit
from gateway.cli.registering import Rows, approved, moved, note_of, with_database

LARGEST = 16_384  # bytes of a file with public keys
DEFAULT_OVERLAP = 168  # hours: a week
MOST_OVERLAP = 2_160  # hours: 90 days


class _Offered(msgspec.Struct, frozen=True):
    keys: list[dict[str, str]]


@click.command()
@click.option("--live", "environment", flag_value="live", help="A key for the real work.")
@click.option("--sandbox", "environment", flag_value="test", help="A key for trying.")
@click.option(
    "--algorithm", type=click.Choice(["ES256", "EdDSA"]), default="ES256", show_default=True
)
@click.option(
    "--out", "path", type=click.Path(path_type=Path), required=True, help="New private file."
)
@answering
def keygen(environment: str | None, algorithm: Algorithm, path: Path) -> Answer:
    """Make a private key, keep it in a new file for its owner alone, and print the public half.

    The file's text begins motlan_live_ or motlan_test_, so that programs which look for secrets in
    source code find it.  It never leaves the system; what is printed is registered.
    """
    if environment is None:
        raise Failed(Exit.REFUSED, "say --live or --sandbox: a key serves one of them")
    where = Environment(environment)
    private = new(where, algorithm)
    _write(path, text_of(private, where) + "\n")
    public = public_jwk(signing_key(private))
    text = msgspec.json.format(msgspec.json.encode({"keys": [public]}), indent=2).decode()
    return Answer({"jwks": {"keys": [public]}, "file": str(path), "kid": public["kid"]}, text)


@click.command()
@click.argument("client_id")
@click.option(
    "--jwks",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the new public keys: a JWK set, as `keygen` prints it.",
)
@click.option("--certificate", "certificates", multiple=True, help="x5t#S256; may be repeated.")
@click.option("--expires-at", help="Last instant of what is added, as 2027-06-30T17:00:00Z.")
@click.option(
    "--overlap",
    type=click.IntRange(0, MOST_OVERLAP),
    default=DEFAULT_OVERLAP,
    show_default=True,
    help="Hours that the older ones go on.",
)
@approved
@signed
@database_options
@answering
def rotate(  # noqa: PLR0917 - click gives each flag by its name
    client_id: str,
    path: Path | None,
    certificates: tuple[str, ...],
    expires_at: str | None,
    overlap: int,
    url: str | None,
    directory: Path | None,
    **said: str | None,
) -> Answer:
    """Add keys or certificates to CLIENT_ID; the older ones end after the overlap."""
    note = note_of(**said)
    added = _added(path, certificates, expires_at)
    until = note.at + timedelta(hours=overlap)

    async def work(rows: Rows) -> Applied:
        return await registrations.rotate(rows.systems, client_id, added, until, note)

    return moved(with_database(url, directory, work).system, note)


@click.command(name="revoke-key")
@click.argument("client_id")
@click.argument("credential")
@signed
@database_options
@answering
def revoke_key(  # noqa: PLR0917 - as above
    client_id: str,
    credential: str,
    by: str,
    reason: str,
    url: str | None,
    directory: Path | None,
) -> Answer:
    """Take the key or certificate CREDENTIAL from CLIENT_ID; its running tokens end at once."""
    note = note_of(by, reason)

    async def work(rows: Rows) -> System:
        return await registrations.revoke(rows.systems, client_id, credential, note)

    return moved(with_database(url, directory, work), note)


def _added(path: Path | None, certificates: tuple[str, ...], expires_at: str | None) -> Credentials:
    if path is None and not certificates:
        raise Failed(Exit.REFUSED, "nothing to add: give --jwks or --certificate")
    try:
        jwks = () if path is None else tuple(members.jwk(each) for each in _offered(path))
        thumbprints = tuple(members.thumbprint(each) for each in certificates)
        end = None if expires_at is None else members.instant(expires_at)
    except MemberRefused as refused:
        raise Failed(Exit.REFUSED, refused.fact) from None
    names = (*(jwk["kid"] for jwk in jwks), *thumbprints)
    ends = {} if end is None else dict.fromkeys(names, end)
    return Credentials(jwks=jwks, certificates=thumbprints, ends=ends)


def _offered(path: Path) -> list[dict[str, str]]:
    """Return the keys of a JWK set."""
    try:
        content = path.read_bytes()[: LARGEST + 1]
        if len(content) > LARGEST:
            raise Failed(Exit.REFUSED, f"{path} is larger than {LARGEST} bytes")
        return msgspec.json.decode(content, type=_Offered).keys
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Failed(Exit.REFUSED, f"{path} holds no public keys (a JWK set)") from None


def _write(path: Path, content: str) -> None:
    """Write a private file that was not there before; nothing that exists is overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Failed(Exit.REFUSED, f"{path} exists: a key is never overwritten") from None
    except OSError as refused:
        raise Failed(Exit.REFUSED, f"{path}: {refused.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
