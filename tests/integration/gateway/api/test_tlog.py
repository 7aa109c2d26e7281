"""The log as strangers and auditors read it, over a real socket, from a real database."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide

from auth.people import Role
from auth.settings import IdentitySettings
from auth.stand_in import verifier
from gateway import database
from gateway.api.failures import HANDLERS
from gateway.api.people import PERSON
from gateway.api.tlog import LogController, Reads
from gateway.audit.acts import Acts
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import leaf_hash
from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.sequencing.inspection import Log
from gateway.sequencing.repository import TreeRepository
from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.notes import open_note, parse_vkey
from gateway.tlog.tiles import entries_path, tile_path, unbundle
from gateway.wiring.sequencing import keys_now
from tests.audit_rows import stored
from tests.conftest import in_a_loop
from tests.oauth_servers import serving
from tests.people import token_for
from tests.tree_rows import a_log, a_sequencer, append, fold_all, owner_changes, plain_root

SIZE = 302  # records in the tree: one full tile and a part of the next


ABSENT = (
    *("tile/0/001", "tile/0/001.p/47", "tile/0/002.p/1", "tile/1/000", "tile/2/000.p/1"),
    *("tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/00/000"),
    *("tile/64/000", "tile/-1/000", "tile/0/x000/000", "tile/0/x999/x999/x999/x999/x999/999"),
    *("tile/0/000.p/1%00", "tile/", "tile/0", "tile/data/000"),
)


class Place:
    """A served log, and who may read it."""

    def __init__(self, url: str, identity: IdentitySettings, of: Log) -> None:
        self.url, self.of = url, of
        self._identity = identity

    def get(self, path: str, *, role: Role | None = None, **headers: str) -> httpx.Response:
        """Read one path below the log's prefix."""
        if role is not None:
            headers["Authorization"] = f"Bearer {token_for(self._identity, role=role)}"
        return httpx.get(f"{self.url}/audit/log/{path}", headers=headers, timeout=10)


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    """Give a log of 302 records behind HTTP."""
    of = a_log(tmp_path)
    identity = IdentitySettings(keys_dir=tmp_path / "signing")

    async def prepared() -> None:
        await append(database_url, SIZE - 2)
        async with a_sequencer(database_url, of) as sequencer:
            await fold_all(sequencer)

    in_a_loop(prepared)
    with serving(application(database_url, of, identity, tmp_path)) as url:
        yield Place(url, identity, of)


def application(dsn: str, of: Log, identity: IdentitySettings, folder: Path) -> Litestar:
    """Return an application with the log's routes alone."""
    given: dict[str, Any] = {
        "clock": utc_now,
        "people": verifier(identity, utc_now, demo=True),
        "log_keys": keys_now(of.keys),
    }

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        log = AuditWriter(dsn, node="web.0", clock=utc_now)
        await log.start()
        acts = Acts(Pseudonyms(Keyring(folder / "pseudonyms")), utc_now)
        async with (
            await database.raw_pool(dsn, "motlan_app", 2) as public,
            await database.raw_pool(dsn, "motlan_auditor", 2) as auditors,
        ):
            given["log_tree"] = TreeRepository(public)
            given["log_records"] = TreeRepository(auditors)
            given["log_reads"] = Reads(acts, log.append)
            yield
        await log.aclose()

    names = (*given, "log_tree", "log_records", "log_reads")
    return Litestar(
        [LogController],
        dependencies={**PERSON, **{name: provided(given, name) for name in names}},
        exception_handlers={**HANDLERS},
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
    )


def provided(given: dict[str, Any], name: str) -> Provide:
    """Return a dependency that is looked up when it is asked for."""
    return Provide(lambda: given[name], sync_to_thread=False)


def test_a_stranger_verifies_the_log_from_its_public_paths(place: Place) -> None:
    """Keys, checkpoint and tiles are enough to recompute the signed root."""
    note = place.get("checkpoint")
    keys = place.get("keys").json()
    tiles = [place.get(tile_path(0, 0)), place.get(tile_path(0, 1, SIZE - 256))]

    assert "text/plain; charset=utf-8" == note.headers["content-type"]
    verifiers = [verifier_of(parse_vkey(key["vkey"])) for key in keys["keys"]]
    signed = parse_checkpoint(open_note(note.text, verifiers).text)
    hashes = b"".join(tile.content for tile in tiles)
    leaves = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    assert (place.of.origin, SIZE, plain_root(leaves)) == (signed.origin, signed.size, signed.root)
    assert keys["origin"] == place.of.origin
    assert [("Ed25519", "active"), ("ML-DSA-44", "active")] == [
        (key["algorithm"], key["state"]) for key in keys["keys"]
    ]


def test_full_tiles_are_kept_for_ever_and_others_are_not(place: Place) -> None:
    """A mirror fetches each full tile once; what still changes is asked for again."""
    kept = {
        tile_path(0, 0): "public, max-age=31536000, immutable",
        tile_path(0, 1, 46): "public, max-age=60",
        tile_path(1, 0, 1): "public, max-age=60",
        "checkpoint": "no-cache",
        "keys": "no-cache",
    }

    answers = {path: place.get(path) for path in kept}

    assert kept == {path: each.headers["cache-control"] for path, each in answers.items()}
    assert {"*"} == {each.headers["access-control-allow-origin"] for each in answers.values()}
    assert "application/octet-stream" == answers[tile_path(0, 0)].headers["content-type"]


def test_what_is_not_in_the_tree_is_not_found(place: Place) -> None:
    """One spelling for each tile, nothing beyond the tree, and no fault whatever is asked."""
    found = {path: place.get(path).status_code for path in ABSENT}

    assert dict.fromkeys(ABSENT, 404) == found


def test_an_auditor_reads_the_records_and_it_is_recorded_first(
    place: Place, database_url: str
) -> None:
    """Who read the log stands in the log."""
    before = len(in_a_loop(lambda: stored(database_url)))
    packed = place.get(entries_path(0), role=Role.AUDITOR, **{"Accept-Encoding": "gzip"})
    plain = place.get(entries_path(1, 46), role=Role.AUDITOR, **{"Accept-Encoding": "identity"})

    assert ("gzip", "no-store") == (
        packed.headers["content-encoding"],
        packed.headers["cache-control"],
    )
    entries = [*unbundle(packed.content), *unbundle(plain.content)]
    hashes = place.get(tile_path(0, 0)).content + place.get(tile_path(0, 1, 46)).content
    assert hashes == b"".join(map(leaf_hash, entries))
    rows = in_a_loop(lambda: stored(database_url))
    exports = [row for row in rows if b'"type":"audit.export"' in row.entry]
    assert (before + 2, 2) == (len(rows), len(exports))


@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 401), (Role.OPERATOR, 403), (Role.PRIVACY_OFFICER, 403)],
)
def test_nobody_else_reads_records(place: Place, role: Role | None, status: int) -> None:
    """Hashes are public, records are not."""
    assert status == place.get(entries_path(0), role=role).status_code


@pytest.mark.parametrize("path", ["tile/entries/001", "tile/entries/001.p/47", "tile/entries/x"])
def test_records_beyond_the_tree_are_not_found(place: Place, path: str) -> None:
    """A bundle is whole or it is not given."""
    assert 404 == place.get(path, role=Role.AUDITOR).status_code


def test_records_that_left_for_the_archive_are_not_found(place: Place, database_url: str) -> None:
    """Not a fault: their hashes stay, the records are in the archive."""
    in_a_loop(lambda: owner_changes(database_url, "DELETE FROM audit.entry WHERE seq = 9"))

    assert 404 == place.get(entries_path(0), role=Role.AUDITOR).status_code
    assert 200 == place.get(tile_path(0, 0)).status_code


def test_without_the_record_no_record_leaves(place: Place, database_url: str) -> None:
    """The promise holds for those who look at the log as well."""
    in_a_loop(
        lambda: owner_changes(database_url, "REVOKE INSERT ON audit.entry FROM motlan_append")
    )

    answer = place.get(entries_path(0), role=Role.AUDITOR)

    assert (503, "audit_unavailable") == (answer.status_code, answer.json()["code"])
    in_a_loop(lambda: owner_changes(database_url, "GRANT INSERT ON audit.entry TO motlan_append"))


def test_a_log_before_its_first_record_has_no_checkpoint(database_url: str, tmp_path: Path) -> None:
    """An empty answer would be taken for a broken one."""
    of = a_log(tmp_path)
    identity = IdentitySettings(keys_dir=tmp_path / "signing")
    with serving(application(database_url, of, identity, tmp_path)) as url:
        found = Place(url, identity, of).get("checkpoint")

    assert (404, "not_found") == (found.status_code, found.json()["code"])
