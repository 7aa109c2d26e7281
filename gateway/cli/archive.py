"""`motlan audit archive`: judges and reads archives; a day that left stays out of the database."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec
from rich_click import RichGroup

from gateway.cli.answers import Answer, Failed, answering, table
from gateway.cli.exits import Exit
from gateway.retention.manifest import NAME, ArchiveBroken
from gateway.retention.reading import Archives
from gateway.retention.verifying import Verified, check_chain, verify
from gateway.settings import load
from gateway.tlog.notes import NoteVerifier
from gateway.tlog.policies import PolicyInvalid, parse_policy
from gateway.wiring.sequencing import keys_of

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
MOST_ROWS = 10_000


@click.group(cls=RichGroup)
def archive() -> None:
    """Judge and read archives of days that left the database."""


@archive.command(name="verify")
@click.argument("folder", type=FOLDER)
@click.option("--policy", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Keys that you believe: a C2SP tlog-policy file.")  # fmt: skip
@answering
def verify_archive(folder: Path, policy: Path | None) -> Answer:
    """Recompute every root below FOLDER from the records, up to the signed checkpoints.

    FOLDER is one day's archive, or the folder of all of them.  Without --policy the keys are those
    of this gateway's own log.
    """
    verifiers = _verifiers(policy)
    rows: list[dict[str, object]] = []
    found: list[Verified] = []
    for place in _days(folder):
        try:
            found.append(verify(place, verifiers))
        except ArchiveBroken as broken:
            rows.append({"day": place.name, "state": "BROKEN", "says": str(broken)})
        else:
            rows.append({"day": place.name, "state": "ok", "says": _said(found[-1])})
    if not rows:
        raise Failed(Exit.REFUSED, f"{folder} holds no archive")
    whole = len(found) == len(rows)
    if whole:
        whole = _follows(found, rows)
    return Answer({"ok": whole, "days": rows}, table(rows), Exit.OK if whole else Exit.UNHEALTHY)


@archive.command(name="read")
@click.argument("folder", type=FOLDER)
@click.option("--index", type=click.IntRange(0), required=True, help="Index of the first record.")
@click.option("--rows", type=click.IntRange(1, MOST_ROWS), default=1, show_default=True)
@answering
def read_archive(folder: Path, index: int, rows: int) -> Answer:
    """Print records of the archives below FOLDER; nothing is written back anywhere."""
    try:
        found = list(Archives(folder).entries(index, rows))
    except ArchiveBroken as broken:
        raise Failed(Exit.REFUSED, str(broken)) from broken
    if not found:
        raise Failed(Exit.REFUSED, f"no archive here holds index {index}")
    lines = [{"index": one.index, "entry": msgspec.Raw(one.entry)} for one in found]
    return Answer(lines, "\n".join(msgspec.json.encode(each).decode() for each in lines))


def _days(folder: Path) -> Iterator[Path]:
    if (folder / NAME).is_file():
        yield folder
        return
    yield from sorted(path.parent for path in folder.glob(f"[0-9]*/{NAME}"))


def _verifiers(policy: Path | None) -> Sequence[NoteVerifier] | None:
    """Return the keys to believe; None, and no signature is checked, when there are none."""
    if policy is not None:
        return _believed(policy)
    settings = load()
    return keys_of(settings).verifiers() if settings.tree.keys_dir.is_dir() else None


def _believed(policy: Path) -> list[NoteVerifier]:
    try:
        read = parse_policy(policy.read_bytes())
    except (PolicyInvalid, OSError) as odd:
        raise Failed(Exit.REFUSED, f"--policy: {odd}") from odd
    origins = dict.fromkeys(log.key.name for log in read.logs)
    return [one for origin in origins for one in read.verifiers(origin)]


def _said(verified: Verified) -> str:
    manifest = verified.manifest
    signed = f"signed by {', '.join(verified.signers)}" if verified.signers else "not checked"
    return (
        f"{manifest.records} records of the day, indexes {manifest.first} to {manifest.end}, "
        f"checkpoint {signed}"
    )


def _follows(found: Sequence[Verified], rows: list[dict[str, object]]) -> bool:
    try:
        check_chain(each.manifest for each in found)
    except ArchiveBroken as broken:
        rows.append({"day": "", "state": "BROKEN", "says": str(broken)})
        return False
    return True
