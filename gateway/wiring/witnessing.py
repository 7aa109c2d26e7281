"""Witnesses: the keeper asks them, every worker knows whether they have answered of late."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from litestar import Controller

from adapters.client import SourceClient
from adapters.guard import transport
from adapters.settings import SourceSettings
from gateway.api.witnesses import PublicPolicy, WitnessesController
from gateway.sequencing.repository import TreeRepository
from gateway.settings import Settings
from gateway.tlog.policies import Policy, PolicyInvalid, Witness, parse_policy
from gateway.wiring.shared import Shared
from gateway.witnessing.reading import WitnessState
from gateway.witnessing.repository import WitnessRepository
from gateway.witnessing.rounds import Pace, Rounds
from gateway.witnessing.submission import Newest, Submission

HANDLERS: tuple[type[Controller], ...] = (WitnessesController,)
PROVIDES: tuple[str, ...] = ("witness_state", "witness_book", "witness_policy")

LONGEST_ANSWER_BYTES = 64 * 1024  # eight keys of either kind sign in 30 KiB
ROLE = "motlan_sequencer"  # the one that may write what the tree's followers learned


class PolicyUnusable(Exception):
    """The witnesses' policy cannot be used; stops the process, not a round."""


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Follow what the keeper's rounds left in the database."""
    settings = shared.settings.witnesses
    book = WitnessRepository(await shared.pool("motlan_app"))
    policy = policy_of(shared.settings)
    state = WitnessState(
        book if policy else None,
        clock=shared.clock,
        limit=timedelta(seconds=settings.max_unwitnessed_s),
    )
    if policy is not None:
        await state.look()
        shared.background(stack, state.follow(settings.look_s), "witness state")
    return {
        "witness_state": state,
        "witness_book": book,
        "witness_policy": PublicPolicy(without_addresses(policy) if policy else None),
    }


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Ask the witnesses of the policy, as often as the settings say."""
    policy = policy_of(shared.settings)
    if policy is None:
        return
    settings = shared.settings.witnesses
    rows = await shared.pool(ROLE)
    rounds = Rounds(
        policy,
        [Submission(await _opened(stack, shared, u, w), w) for u, w in by_address(policy).items()],
        OurTree(TreeRepository(rows)),
        WitnessRepository(rows),
        clock=shared.clock,
        pace=Pace(settings.interval_s, settings.deadline_s, settings.alarm_s),
    )
    shared.meters.observe("motlan.audit.witness.age", rounds.age_s)
    shared.meters.observe("motlan.audit.witness.answers", lambda: rounds.counted)
    shared.background(stack, rounds.keep(), "witness rounds")


def policy_of(settings: Settings) -> Policy | None:
    """Return the policy that the settings name; None when they name none.

    Raises:
        PolicyUnusable: it cannot be read, is no policy, or does not fit this log.
    """
    path = settings.witnesses.policy_file
    if path is None:
        return None
    policy = _read(path)
    if all(each.key.name != settings.tree.origin for each in policy.logs):
        raise PolicyUnusable(f"{path}: no log line for {settings.tree.origin}")
    for each in policy.witnesses.values():
        if not each.name.isprintable():  # it stands in the database, and on pages
            raise PolicyUnusable(f"{path}: a witness's name is not text")
        if each.url is None:
            raise PolicyUnusable(f"{path}: no address for witness {each.name}")
        _source(each.url, settings)
    return policy


def by_address(policy: Policy) -> dict[str, list[Witness]]:
    """Return the witnesses of *policy* by address: one that signs with two keys is asked once."""
    found: dict[str, list[Witness]] = defaultdict(list)
    for each in policy.witnesses.values():
        found[(each.url or "").rstrip("/")].append(each)
    return dict(found)


def without_addresses(policy: Policy) -> str:
    """Return *policy* as strangers may have it: our network is none of their business."""
    bare = Policy(
        tuple(type(each)(each.key) for each in policy.logs),
        {name: Witness(name, each.key) for name, each in policy.witnesses.items()},
        policy.groups,
        policy.quorum,
    )
    return str(bare)


def _read(path: Path) -> Policy:
    try:
        return parse_policy(path.read_bytes())
    except OSError as unreadable:
        raise PolicyUnusable(f"{path}: {type(unreadable).__name__}") from None
    except PolicyInvalid as invalid:
        raise PolicyUnusable(f"{path}: {invalid}") from None


async def _opened(
    stack: AsyncExitStack, shared: Shared, url: str, witnesses: Sequence[Witness]
) -> SourceClient:
    """Return an open transport to one witness: the connectors' own, which is bounded everywhere."""
    client = transport(witnesses[0].name, _source(url, shared.settings))
    await client.open()
    stack.push_async_callback(client.aclose)
    return client


def _source(url: str, settings: Settings) -> SourceSettings:
    """Return how a witness is reached.

    Raises:
        PolicyUnusable: *url* is no address.
    """
    try:
        return SourceSettings(
            base_url=url, max_bytes=LONGEST_ANSWER_BYTES, tls=settings.witnesses.tls
        )
    except ValueError:
        raise PolicyUnusable(f"{url} is not an address of a witness") from None


class OurTree:
    """Our tree as `Rounds` asks for it."""

    def __init__(self, tree: TreeRepository) -> None:
        self._tree = tree

    async def newest(self) -> Newest | None:
        """Return the newest committed checkpoint; None before the first."""
        found = await self._tree.checkpoint()
        return Newest(found.size, found.note) if found else None

    async def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """Return the proof that the tree at *new* begins with that at *old*."""
        return await self._tree.consistency(old, new)
