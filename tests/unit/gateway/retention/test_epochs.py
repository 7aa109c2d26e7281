"""A year's pseudonym keys die on schedule."""

import asyncio
from pathlib import Path

import pytest

from gateway.audit.events import Event
from gateway.audit.keyring import KeyDestroyed, KeyInfo, Keyring, KeyState, Purpose
from gateway.audit.observed import Observed
from gateway.audit.pseudonyms import Pseudonyms, Scheme
from gateway.errors import Code, Refusal
from gateway.retention.epochs import destroy_expired, expired, forget_with, key_seen
from tests.audit_rows import until


class Rows:
    """Answers like the database that has never seen a key, or is away."""

    def __init__(self, *, away: bool = False) -> None:
        self.asked: list[tuple[object, ...]] = []
        self._away = away

    async def fetch(self, query: str, *args: object) -> list[object]:
        """Nothing was seen before."""
        raise NotImplementedError(query, args)

    async def fetchval(self, query: str, *args: object) -> bool:
        """Take what is owed."""
        assert "observe" in query
        if self._away:
            raise Refusal(Code.DATABASE_UNAVAILABLE)
        self.asked.append(args[:3])
        return True


def a_ring(folder: Path) -> Keyring:
    """Return a ring with keys of two years, and one that outlives years."""
    ring = Keyring(folder / "ring")
    for epoch in ("2019", "2021"):
        ring.key(Purpose.CITIZENS, epoch)
    ring.key(Purpose.CONSENT, "all")
    return ring


async def test_keys_of_old_years_are_destroyed_and_others_live(tmp_path: Path) -> None:
    """The obligation to the record comes first; consents keep their key."""
    ring, rows = a_ring(tmp_path), Rows()
    count = await destroy_expired(ring, Observed(rows), "node-1", 2021)

    assert 1 == count
    assert [(Event.KEY_DESTROY.value, "key", "node-1/pseudonyms/citizens-2019")] == rows.asked
    known = ring.keys()
    states = {f"{info.purpose.value}-{info.epoch}": info.state for info in known}
    assert KeyState.DESTROYED is states["citizens-2019"]
    assert KeyState.ACTIVE is states["citizens-2021"] is states["consent-all"]
    assert 0 == await destroy_expired(ring, Observed(rows), "node-1", 2021)


async def test_nothing_is_destroyed_that_could_not_be_owed(tmp_path: Path) -> None:
    """Without the database there is no record, and so no destruction."""
    ring = a_ring(tmp_path)
    with pytest.raises(Refusal):
        await destroy_expired(ring, Observed(Rows(away=True)), "node-1", 2021)

    assert ring.existing(Purpose.CITIZENS, "2019")


def test_the_ring_tells_that_it_changed(tmp_path: Path) -> None:
    """Whoever holds keys in memory looks at one number, not at every file."""
    ring = Keyring(tmp_path / "ring")
    seen = [ring.generation()]
    ring.key(Purpose.PEERS, "2026")
    seen.append(ring.generation())
    ring.key(Purpose.PEERS, "2026")
    assert seen[-1] == ring.generation()
    ring.destroy(Purpose.PEERS, "2026")
    seen.append(ring.generation())

    assert 3 == len(set(seen))


def test_only_living_keys_of_earlier_years_expire() -> None:
    """Destroyed is destroyed, this year's is in use, and one is for ever."""
    keys = [
        KeyInfo(Purpose.CASES, "2019", KeyState.ACTIVE),
        KeyInfo(Purpose.CASES, "2018", KeyState.DESTROYED),
        KeyInfo(Purpose.CASES, "2021", KeyState.ACTIVE),
        KeyInfo(Purpose.CONSENT, "all", KeyState.ACTIVE),
    ]

    assert keys[:1] == expired(keys, 2021)
    code, sight = key_seen("n", keys[1])
    assert ("n/pseudonyms/cases-2018", Event.KEY_DESTROY) == (code, sight.event)


async def test_a_ring_that_cannot_be_looked_at_ends_no_forgetting(tmp_path: Path) -> None:
    """A share that is away for a second must not leave a destroyed key in memory for good."""
    place = tmp_path / "share"
    ring = Keyring(place / "keys")
    pseudonyms = Pseudonyms(ring)
    pseudonyms.of(Scheme.CITIZEN, "003190000123", "2026")
    task = asyncio.get_running_loop().create_task(forget_with(ring, pseudonyms, 0.01))
    await asyncio.sleep(0)  # it has looked once
    away = place.rename(tmp_path / "away")
    place.write_bytes(b"")

    async def looked() -> bool:
        try:
            return not pseudonyms.of(Scheme.CITIZEN, "003190000123", "2026")
        except OSError:
            return True

    await until(looked, 30)
    place.unlink()
    away.rename(place)
    ring.destroy(Purpose.CITIZENS, "2026")

    async def forgotten() -> bool:
        try:
            return not pseudonyms.of(Scheme.CITIZEN, "003190000123", "2026")
        except KeyDestroyed:
            return True

    await until(forgotten, 30)
    assert not task.done()
    task.cancel()
    await asyncio.wait({task})
