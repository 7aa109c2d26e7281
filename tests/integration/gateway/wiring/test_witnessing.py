"""The keeper's rounds over a real tree, and what every worker then knows."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.clock import utc_now
from gateway.sequencing.inspection import Log
from gateway.sequencing.repository import TreeRepository
from gateway.settings import Settings, load
from gateway.tlog.policies import parse_policy
from gateway.tlog.proofs import Proof, verify_proof
from gateway.wiring import witnessing
from gateway.wiring.shared import Shared
from gateway.witnessing.outcomes import Outcome
from gateway.witnessing.reading import WitnessState
from gateway.witnessing.repository import WitnessRepository
from tests.audit_rows import until
from tests.tree_rows import ORIGIN, a_log, a_sequencer, append, back_to, fold_all, tree_tables
from tests.witness_builders import WitnessProcess


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Give a log with its keys."""
    return a_log(tmp_path / "log")


@pytest_asyncio.fixture
async def witness(tmp_path: Path, log: Log) -> AsyncGenerator[WitnessProcess]:
    """Give a running witness that knows the log."""
    known = tmp_path / "logs"
    known.write_text("".join(f"log {key}\n" for key in vkeys(log)))
    process = WitnessProcess(tmp_path / "w1", known)
    await process.start()
    yield process
    await process.kill()


def vkeys(log: Log) -> list[str]:
    """Return the public keys of *log*."""
    return [key for line in log.keys.lines(utc_now()) for key in line.vkeys]


def policy_text(log: Log, *witnesses: WitnessProcess) -> str:
    """Return a policy that wants all of *witnesses*."""
    lines = [f"log {key}" for key in vkeys(log)]
    for n, each in enumerate(witnesses, 1):
        lines += [f"witness {w.name} {w.key} {w.url}" for w in each.lines(f"w{n}")[:1]]
    names = " ".join(f"w{n}" for n in range(1, len(witnesses) + 1))
    return "\n".join([*lines, f"group all {len(witnesses)} {names}", "quorum all", ""])


def settings(dsn: str, folder: Path, policy: Path | None, **tuned: Any) -> Settings:
    """Return settings that name *policy*."""
    return load(
        {
            "database": {"url": dsn},
            "audit": {"keys_dir": folder / "pseudonyms"},
            "identity": {"keys_dir": folder / "signing"},
            "tree": {"keys_dir": folder / "log" / "keys", "origin": ORIGIN},
            "witnesses": {"policy_file": policy, "interval_s": 1.0, "look_s": 0.1, **tuned},
        },
        {},
    )


@asynccontextmanager
async def kept(dsn: str, folder: Path, log: Log, witness: WitnessProcess) -> AsyncGenerator[Shared]:
    """Run the keeper's part, asking *witness*."""
    path = folder / "policy"
    path.write_text(policy_text(log, witness))
    async with AsyncExitStack() as stack:
        shared = Shared(settings(dsn, folder, path))
        shared.open_database(stack)
        await witnessing.keep(stack, shared)
        yield shared


async def outcome(shared: Shared) -> Outcome | None:
    """Return what the witness said last."""
    lines = await WitnessRepository(await shared.pool("motlan_app")).lines()
    return lines[0].outcome if lines else None


async def test_a_record_is_witnessed_and_proved_by_strangers_keys(
    database_url: str, tmp_path: Path, log: Log, witness: WitnessProcess
) -> None:
    """From a record to a proof that rests on the policy's public keys, through every real part."""
    await append(database_url, 5)
    async with (
        a_sequencer(database_url, log) as sequencer,
        kept(database_url, tmp_path, log, witness) as shared,
    ):
        await sequencer.open()
        size = await fold_all(sequencer)
        book = WitnessRepository(await shared.pool("motlan_app"))

        async def confirmed() -> bool:
            return size == (await book.witnessed()).size

        await until(confirmed)
        tree = TreeRepository(await shared.pool("motlan_auditor"))
        checkpoint = await tree.checkpoint(size)
        assert checkpoint is not None
        (record,) = await tree.entries(3, 1)
        proof = Proof(3, tuple(await tree.inclusion(3, size)), checkpoint.note)
        judged = verify_proof(proof, record.entry, parse_policy((tmp_path / "policy").read_bytes()))
        answers = shared.meters.readings["motlan.audit.witness.answers"]()

    assert (size, ("w1",)) == (judged.checkpoint.size, judged.witnesses)
    assert isinstance(answers, dict)
    assert answers["cosigned"] >= 1


async def test_a_restored_database_raises_the_alarm_and_then_a_fork(
    database_url: str, tmp_path: Path, log: Log, witness: WitnessProcess
) -> None:
    """The guard file may be restored as well; the witness is another house (fault row 10)."""
    await append(database_url, 5, names=("gw1.0",))
    async with a_sequencer(database_url, log) as sequencer:
        await sequencer.open()
        await fold_all(sequencer)
        backup = await tree_tables(database_url)
        await append(database_url, 5, names=("gw2.0",))
        await fold_all(sequencer)
    async with kept(database_url, tmp_path, log, witness) as shared:
        await until(lambda: _is(shared, Outcome.COSIGNED))
        before = await WitnessRepository(await shared.pool("motlan_app")).witnessed()

        await back_to(database_url, backup, but_keep_records=False)
        await until(lambda: _is(shared, Outcome.AHEAD), within_s=15)

        unguarded = a_log(tmp_path / "log")
        unguarded.guard.path.unlink(missing_ok=True)
        await append(database_url, 9, names=("gw3.0",))
        async with a_sequencer(database_url, unguarded) as sequencer:
            await sequencer.open()
            await fold_all(sequencer)
        await until(lambda: _is(shared, Outcome.FORKED), within_s=15)
        after = await WitnessRepository(await shared.pool("motlan_app")).witnessed()

    assert before.size == after.size


async def _is(shared: Shared, expected: Outcome) -> bool:
    return expected is await outcome(shared)


async def test_a_worker_knows_whether_strict_services_may_go_on(
    database_url: str, tmp_path: Path, log: Log, witness: WitnessProcess
) -> None:
    """What the keeper learned is known everywhere within a second, and it ages by itself."""
    path = tmp_path / "policy"
    path.write_text(policy_text(log, witness))
    async with AsyncExitStack() as stack:
        shared = Shared(settings(database_url, tmp_path, path, max_unwitnessed_s=2.0))
        shared.open_database(stack)
        provided = await witnessing.serve(stack, shared)
        state = provided["witness_state"]
        assert isinstance(state, WitnessState)
        book = WitnessRepository(await shared.pool("motlan_sequencer"))
        await book.record(0, {}, at=utc_now(), quorum=True)
        await until(lambda: _allowed(state))
        await asyncio.sleep(2.2)
        assert not state.strict_allowed()
        await book.record(0, {}, at=utc_now(), quorum=True)
        await until(lambda: _allowed(state))

    assert set(witnessing.PROVIDES) == provided.keys()


async def _allowed(state: WitnessState) -> bool:
    return state.strict_allowed()


async def test_without_a_policy_nobody_is_asked_and_nothing_stops(
    database_url: str, tmp_path: Path
) -> None:
    """A sandbox has no witnesses."""
    async with AsyncExitStack() as stack:
        shared = Shared(settings(database_url, tmp_path, None))
        shared.open_database(stack)
        await witnessing.keep(stack, shared)
        provided = await witnessing.serve(stack, shared)

    state = provided["witness_state"]
    assert isinstance(state, WitnessState)
    assert state.strict_allowed()
    assert "motlan.audit.witness.age" not in shared.meters.readings


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        (("quorum all", "quorum some"), "line"),
        ((ORIGIN, "other.log/1"), "line 1"),
        ((" http://127.0.0.1", "\n# "), "no address"),
        (("http://127.0.0.1", "ftp://127.0.0.1"), "not an address"),
        (("http://127.0.0.1", "http://me:secret@127.0.0.1"), "not an address"),
        ((" w1", " w\udcff"), "not text"),
    ],
    ids=["quorum", "origin", "address", "scheme", "secret", "name"],
)
def test_a_policy_that_cannot_be_used_stops_the_process(
    tmp_path: Path, log: Log, spoilt: tuple[str, str], why: str
) -> None:
    """An operator learns of a slip at the start, not from a proof that fails years later."""
    text = policy_text(log, WitnessProcess(tmp_path / "w1", tmp_path / "logs"))
    path = tmp_path / "policy"
    path.write_bytes(text.replace(*spoilt).encode("utf-8", "surrogateescape"))

    with pytest.raises(witnessing.PolicyUnusable, match=why):
        witnessing.policy_of(settings("postgresql://127.0.0.1:1/none", tmp_path, path))


def test_a_policy_for_another_log_or_none_at_all_is_refused(tmp_path: Path, log: Log) -> None:
    """The witnesses would confirm something, and nobody could prove anything."""
    other = a_log(tmp_path / "other", origin="other.log/1")
    path = tmp_path / "policy"
    path.write_text(policy_text(other, WitnessProcess(tmp_path / "w1", tmp_path / "logs")))
    wanted = settings("postgresql://127.0.0.1:1/none", tmp_path, path)

    with pytest.raises(witnessing.PolicyUnusable, match=f"no log line for {ORIGIN}"):
        witnessing.policy_of(wanted)
    path.unlink()
    with pytest.raises(witnessing.PolicyUnusable, match="FileNotFoundError"):
        witnessing.policy_of(wanted)
    assert log.origin == ORIGIN


def test_what_strangers_get_names_no_address(tmp_path: Path, log: Log) -> None:
    """Where witnesses are reached is for our network; whom to believe is for everybody."""
    text = policy_text(log, WitnessProcess(tmp_path / "w1", tmp_path / "logs"))
    public = witnessing.without_addresses(parse_policy(text.encode()))

    assert "127.0.0.1" not in public
    assert parse_policy(public.encode()).quorum_met(["w1"])


def test_a_witness_with_two_keys_is_asked_once(tmp_path: Path, log: Log) -> None:
    """One request, two lines."""
    both = WitnessProcess(tmp_path / "w1", tmp_path / "logs").lines()
    lines = [f"log {key}" for key in vkeys(log)]
    lines += [f"witness {each.name} {each.key} {each.url}" for each in both]
    policy = parse_policy("\n".join([*lines, "quorum w1", ""]).encode())

    assert [["w1", "w1-pq"]] == [
        [each.name for each in found] for found in witnessing.by_address(policy).values()
    ]
