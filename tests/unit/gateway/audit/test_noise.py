"""Anonymous refusals are counted, not recorded one by one."""

import json
from pathlib import Path

from gateway.audit.chain import link
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import LONGEST_ENTRY_BYTES, body
from gateway.audit.noise import MOST_PEERS, NoiseLog, Tally
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import utc_now
from gateway.errors import AuditUnavailable, Code
from tests.audit_builders import a_position
from tests.audit_rows import until
from tests.fakes import FakeLog

PEER = "192.0.2.7"


def a_noise_log(log: FakeLog, ring: Path) -> NoiseLog:
    """Return what is tested, writing to *log*."""
    return NoiseLog(log.append, Pseudonyms(Keyring(ring / "keys")), utc_now)


async def test_a_flood_is_one_leaf(tmp_path: Path) -> None:
    """Ten thousand bad tokens must not cost ten thousand commits."""
    log = FakeLog()
    noise = a_noise_log(log, tmp_path)
    for _ in range(10_000):
        noise.count(Code.TOKEN_INVALID.value, PEER)

    await noise.flush()

    (entry,) = log.entries
    assert [(Code.TOKEN_INVALID, 10_000)] == [(one.code, one.n) for one in entry.body.noise]
    assert PEER.encode() not in body(entry.body)


async def test_silence_leaves_no_leaf(tmp_path: Path) -> None:
    """An idle gateway's log does not grow."""
    log = FakeLog()

    await a_noise_log(log, tmp_path).flush()

    assert [] == log.entries


async def test_counts_survive_a_log_that_cannot_take_them(tmp_path: Path) -> None:
    """They come with the next minute."""
    log = FakeLog(AuditUnavailable())
    noise = a_noise_log(log, tmp_path)
    noise.count(Code.TOKEN_MISSING.value, PEER)
    await noise.flush()
    noise.count(Code.TOKEN_MISSING.value, PEER)

    await noise.flush()

    assert [2] == [one.n for one in log.entries[0].body.noise]


async def test_counts_survive_a_ring_that_makes_no_key(tmp_path: Path) -> None:
    """At new year, on a full disk, say: what was counted comes once there is room again."""
    log, ring = FakeLog(), tmp_path / "keys"
    ring.mkdir(mode=0o755)
    noise = NoiseLog(log.append, Pseudonyms(Keyring(ring)), utc_now, every_s=0.01)
    noise.start()
    noise.count(Code.TOKEN_MISSING.value, PEER)
    await noise.flush()
    ring.chmod(0o700)

    async def told() -> bool:
        return bool(log.entries)

    await until(told, 30)
    assert [1] == [one.n for one in log.entries[0].body.noise]
    await noise.aclose()


async def test_a_million_peers_still_fit_one_leaf(tmp_path: Path) -> None:
    """A distributed flood is bounded in memory and in the leaf; no refusal goes uncounted."""
    log = FakeLog()
    noise = a_noise_log(log, tmp_path)
    for peer in range(5_000):
        noise.count(Code.TOKEN_MISSING.value, f"10.0.{peer // 250}.{peer % 250}")

    await noise.flush()

    leaf = log.entries[0].body
    (entry,) = link(a_position(), [body(leaf)]).entries
    assert MOST_PEERS + 1 == len(leaf.noise)
    assert 5_000 == sum(one.n for one in leaf.noise)
    assert LONGEST_ENTRY_BYTES > len(entry)
    assert "deny.aggregate" == json.loads(entry)["type"]


async def test_closing_writes_what_was_counted(tmp_path: Path) -> None:
    """A restart must not swallow the last minute."""
    log = FakeLog()
    noise = a_noise_log(log, tmp_path)
    noise.start()
    noise.count(Code.TOKEN_MISSING.value, PEER)

    await noise.aclose()

    assert 1 == len(log.entries)


def test_what_is_put_back_adds_up() -> None:
    """Nothing is counted twice or forgotten."""
    tally = Tally()
    tally.add("a", "p", 2)
    taken = tally.take()
    tally.add("a", "p")
    tally.put_back(taken)

    assert {("a", "p"): 3} == tally.take()
