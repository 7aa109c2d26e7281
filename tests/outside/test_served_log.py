"""The log as it is served over HTTP, mirrored file by file and judged by Go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth.people import Role
from auth.settings import IdentitySettings
from gateway.clock import utc_now
from gateway.tlog import tiles
from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.notes import parse_note
from tests.conftest import in_a_loop
from tests.integration.gateway.api.test_tlog import Place, application
from tests.oauth_servers import serving
from tests.outside.judges import Go, Refused
from tests.tree_rows import a_log, a_sequencer, append, fold_all

RECORDS = 300


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[Place]:
    """Give a log behind HTTP."""
    of = a_log(tmp_path)
    identity = IdentitySettings(keys_dir=tmp_path / "signing")

    async def prepared() -> None:
        await append(database_url, RECORDS)
        async with a_sequencer(database_url, of) as sequencer:
            await fold_all(sequencer)

    in_a_loop(prepared)
    with serving(application(database_url, of, identity, tmp_path)) as url:
        yield Place(url, identity, of)


def mirrored(place: Place, folder: Path) -> int:
    """Fetch what an auditor may read into files, as any static mirror would; return the size."""

    def fetch(path: str, role: Role | None = None) -> bytes:
        answer = place.get(path, role=role)
        assert 200 == answer.status_code, path
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.content)
        return answer.content

    checkpoint = parse_checkpoint(parse_note(fetch("checkpoint").decode()).text)
    for at in tiles.tiles_of(checkpoint.size):
        fetch(tiles.tile_path(at.level or 0, at.n, at.width))
        if at.level == 0:
            fetch(tiles.entries_path(at.n, at.width), Role.AUDITOR)
    return checkpoint.size


def test_go_replays_the_log_that_was_fetched(go: Go, served: Place, tmp_path: Path) -> None:
    """From socket to root without a line of ours in between."""
    folder = tmp_path / "mirror"
    size = mirrored(served, folder)
    (key, _) = served.of.keys.lines(utc_now())[0].vkeys

    assert RECORDS < size
    assert go.judge("tree", folder, [key]).startswith(f"{size} ")


def test_go_finds_a_mirror_that_lies(go: Go, served: Place, tmp_path: Path) -> None:
    """Somebody between the gateway and the auditor changed one record."""
    folder = tmp_path / "mirror"
    mirrored(served, folder)
    bundle = folder / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b'"fields":["', b'"fields":["x', 1))
    (key, _) = served.of.keys.lines(utc_now())[0].vkeys

    with pytest.raises(Refused):
        go.judge("tree", folder, [key])
