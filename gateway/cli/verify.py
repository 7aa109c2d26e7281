"""`motlan audit verify`: replays the record, or judges an export; believes neither."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from gateway import database
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.sequencing.guard import GuardUnreadable
from gateway.sequencing.keyfiles import LogKeysUnusable
from gateway.settings import Settings
from gateway.tlog.policies import Policy, PolicyInvalid, parse_policy
from gateway.verification.bundles import Checked, NotABundle, check
from gateway.verification.decisions import Sampler
from gateway.verification.redeciding import Redeciding
from gateway.verification.replay import Replay
from gateway.verification.report import Report
from gateway.verification.repository import ReplayRepository
from gateway.verification.signatures import Signatures
from gateway.verification.single import check_proof, is_proof
from gateway.wiring.exports import public_keys
from gateway.wiring.sequencing import log_of
from gateway.wiring.witnessing import PolicyUnusable, policy_of

ROLE = "motlan_auditor"
TELL_S = 2.0
STATEMENT_MS = 300_000
PLACE = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("bundle", type=PLACE, required=False)
@click.option("--policy", type=PLACE, help="Keys that you believe: a C2SP tlog-policy file.")
@click.option("--decisions", type=click.IntRange(0, 100_000), default=1_000, show_default=True,
              help="How many accesses are decided again.")  # fmt: skip
@database_options
@answering
def verify(
    bundle: Path | None,
    policy: Path | None,
    decisions: int,
    url: str | None,
    directory: Path | None,
) -> Answer:
    """Replay the whole record against its tree, or judge BUNDLE offline: export, folder, proof.

    Ends with 0 when nothing is wrong, with 7 when something is, and names the first index.
    """
    believed = _policy(policy)
    if bundle is not None:
        return _judged(bundle, believed)
    settings = settings_with(url, directory)
    with reachable(settings) as dsn:
        report = asyncio.run(_replayed(dsn, settings, believed, decisions))
    return Answer(facts_of(report), told(report), _exit(whole=report.whole))


def _judged(bundle: Path, policy: Policy | None) -> Answer:
    if is_proof(bundle):
        return _proved(bundle, policy)
    try:
        found = check(bundle, policy, lambda _files: None)
    except NotABundle as odd:
        raise Failed(Exit.REFUSED, str(odd)) from odd
    return Answer(found, _told_bundle(found), _exit(whole=found.whole))


def _proved(file: Path, policy: Policy | None) -> Answer:
    if policy is None:
        raise Failed(Exit.REFUSED, "a proof is judged by keys of your own: add --policy")
    try:
        found, record = check_proof(file, policy)
    except NotABundle as odd:
        raise Failed(Exit.REFUSED, str(odd)) from odd
    shown = f"\nrecord       {record.decode('ascii', 'replace')}" if found.whole else ""
    return Answer(found, _told_bundle(found) + shown, _exit(whole=found.whole))


async def _replayed(
    dsn: str, settings: Settings, believed: Policy | None, decisions: int
) -> Report:
    of = log_of(settings)
    try:
        policy, published = believed or policy_of(settings), of.guard.read()
        keys = public_keys(settings)
    except (PolicyUnusable, GuardUnreadable, LogKeysUnusable) as unusable:
        raise Failed(Exit.SETTINGS, str(unusable)) from unusable
    ended = [] if published is None else [each.origin for each in published.before]
    sampler = Sampler(decisions)
    async with await _opened(dsn, ROLE) as pool:
        replay = Replay(
            ReplayRepository(pool),
            Signatures(of.origin, keys, policy, ended),
            published=published,
            take=sampler.take,
            progress=teller(),
        )
        report = await replay.run()
    async with await _opened(dsn, None) as owner:
        await Redeciding(owner).judge(sampler.sample, report)
    return report


async def _opened(dsn: str, role: str | None) -> database.Pool:
    return await database.raw_pool(
        dsn,
        role,
        2,
        application_name="motlan audit verify",
        statement_timeout_ms=STATEMENT_MS,
        patience_s=STATEMENT_MS / 1000,
    )


def teller(clock: Callable[[], float] = time.monotonic) -> Callable[[int, int], None]:
    """Return what says on the terminal how far a replay is, every other second."""
    began = said = clock()

    def tell(done: int, size: int) -> None:
        nonlocal said
        now = clock()
        if now - said < TELL_S or not size:
            return
        said = now
        share, speed = 100 * done / size, done / (now - began)
        print(f"{done:,} of {size:,} records, {share:.0f} %, {speed:,.0f}/s", file=sys.stderr)

    return tell


def facts_of(report: Report) -> dict[str, object]:
    """Return *report* for programs."""
    first = report.damages.first
    return {
        "whole": report.whole,
        "size": report.size,
        "root": report.root.hex(),
        "counts": report.counts,
        "cosigned_size": report.cosigned_size,
        "cosigned_at": report.cosigned_at,
        "seconds": round(report.seconds, 3),
        "damages": report.damages.count,
        "first": first,
        "named": report.damages.named,
    }


def told(report: Report) -> str:
    """Return *report* for people."""
    counts = report.counts
    speed = (counts.records + counts.archived) / report.seconds if report.seconds else 0
    cosigned = "none" if report.cosigned_size is None else f"size {report.cosigned_size:,}"
    lines = [
        f"tree         {report.size:,} records, root {report.root.hex()}",
        f"records      {counts.records:,} replayed at {speed:,.0f}/s",
        f"             {counts.archived:,} archived, {counts.pending:,} waiting for the tree",
        f"writers      {counts.writers:,}",
        f"tiles        {counts.tiles:,}",
        f"checkpoints  {counts.checkpoints:,} with {counts.signatures:,} signatures",
        f"witnesses    {counts.cosigned:,} checkpoints with a quorum, the newest: {cosigned}",
        f"decisions    {counts.decisions:,} decided again, {counts.undecided:,} could not be",
    ]
    if report.whole:
        return "\n".join([*lines, "whole        nothing is wrong"])
    lines.append(f"DAMAGED      {report.damages.count:,}, the first: {report.damages.first}")
    lines += [f"             {each}" for each in report.damages.named]
    return "\n".join(lines)


def _told_bundle(found: Checked) -> str:
    whose = "your own" if found.own_policy else "those that came along, which prove little"
    lines = [
        f"log          {found.origin}, {found.size:,} records, root {found.root.hex()}",
        f"files        {found.files:,}",
        f"records      {found.records:,}, {found.proofs:,} with a proof",
        f"witnesses    {', '.join(found.witnesses) or 'none'}",
        f"keys         {whose}",
    ]
    if found.whole:
        return "\n".join([*lines, "whole        nothing is wrong"])
    return "\n".join([*lines, *(f"WRONG        {each}" for each in found.faults)])


def _policy(path: Path | None) -> Policy | None:
    if path is None:
        return None
    try:
        return parse_policy(path.read_bytes())
    except (PolicyInvalid, OSError) as odd:
        raise Failed(Exit.REFUSED, f"--policy: {odd}") from odd


def _exit(*, whole: bool) -> Exit:
    return Exit.OK if whole else Exit.UNHEALTHY
