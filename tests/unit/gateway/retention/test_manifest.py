"""What an archive says it holds, and what it may not say."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.retention.manifest import (
    CHECKPOINT,
    ArchiveBroken,
    Manifest,
    decode,
    encode,
    paths,
    place_of,
    tiles,
)

HASH = "ab" * 32
GOOD = Manifest(
    origin="motlan.test/audit/1",
    day=date(2026, 1, 5),
    first=256,
    end=768,
    records=400,
    edge=(HASH,),
    root=HASH,
    tree_size=1_000,
    consistency=(HASH,),
    files=dict.fromkeys([*paths(256, 768), CHECKPOINT], HASH),
)


def test_a_manifest_is_read_back() -> None:
    """What was written is what is read, and people can read it as well."""
    assert decode(encode(GOOD)) == GOOD
    assert b"\n" in encode(GOOD)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(GOOD, v=2),
        replace(GOOD, first=255),
        replace(GOOD, end=700),
        replace(GOOD, first=768, end=256),
        replace(GOOD, tree_size=700),
        replace(GOOD, edge=()),
        replace(GOOD, edge=(HASH, HASH)),
        replace(GOOD, files={}),
        replace(GOOD, files={**GOOD.files, "../../etc/passwd": HASH}),
        replace(GOOD, files={**GOOD.files, "tile/entries/003.gz": HASH}),
        replace(GOOD, end=(1 << 62), tree_size=(1 << 62)),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(wrong: Manifest) -> None:
    """Nothing is read because a file says so; the files follow from the stretch."""
    with pytest.raises(ArchiveBroken):
        decode(encode(wrong))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"v":1}',
        encode(GOOD).replace(b'"root"', b'"rooted"'),
        encode(GOOD).replace(HASH.encode(), b"zz"),
        encode(GOOD).replace(b"256", b"-256"),
        encode(GOOD).replace(b"1000", b"99999999999999999999999999"),
    ],
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    """A file from a stranger breaks nothing but itself."""
    with pytest.raises(ArchiveBroken):
        decode(content)


@given(st.integers(0, 700), st.integers(0, 300))
def test_consecutive_stretches_hold_every_full_tile_once(first: int, bundles: int) -> None:
    """The archives of all days together are the log, without a hole and without a copy."""
    start, end = first * 256, (first + bundles) * 256
    together = tiles(0, start) + tiles(start, end)

    assert sorted(tiles(0, end)) == sorted(together)
    assert len(together) == len(set(together))


def test_paths_lead_back_to_their_places() -> None:
    """The layout is that of tlog-tiles, so that other programs find their way."""
    assert ["tile/entries/001.gz", "tile/entries/002.gz", "tile/0/001", "tile/0/002"] == paths(
        256, 768
    )
    assert (None, 1) == place_of("tile/entries/001.gz")
    assert (1, 0) == place_of("tile/1/000")
    with pytest.raises(ArchiveBroken):
        place_of("tile/../x")
    assert msgspec.json.decode(encode(GOOD))["day"] == "2026-01-05"
