"""Exports: workers queue them and hand them out, the keeper makes them and feeds the watchers."""

import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from socket import gethostname

from litestar import Controller

from gateway import __version__, database
from gateway.api.exports import ExportsController
from gateway.audit.acts import Acts
from gateway.clock import utc_now
from gateway.exports.asking import Asking
from gateway.exports.finding import Finding
from gateway.exports.grounds import Grounds
from gateway.exports.making import Bounds, Making
from gateway.exports.manifest import key_name
from gateway.exports.otlp import open_otlp
from gateway.exports.repository import JobRepository, StreamRepository, WorkRepository
from gateway.exports.sinks import Address, Sink, open_syslog
from gateway.exports.stream import Opens, Stream
from gateway.exports.syslog import Sender
from gateway.exports.working import Working
from gateway.findings.finding_repository import FindingRepository
from gateway.search.naming import Naming
from gateway.search.repository import SearchRepository
from gateway.search.saved import SavedSearches
from gateway.sequencing.keys import LogKeys
from gateway.sequencing.repository import TreeRepository
from gateway.settings import Settings
from gateway.tlog.notes import Ed25519Signer, Signer
from gateway.tlog.vkeys import VKey, parse_vkey
from gateway.wiring.sequencing import keys_of
from gateway.wiring.shared import Shared
from gateway.wiring.witnessing import policy_of

HANDLERS: tuple[type[Controller], ...] = (ExportsController,)
PROVIDES: tuple[str, ...] = ("exports",)

READER = "motlan_auditor"
FOLLOWER = "motlan_follower"
OVERLAP = timedelta(days=30)  # an export key goes on signing beside its successor


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Open what asking for exports needs."""
    pool = await shared.pool(READER)
    search = _search(stack, shared)
    asking = Asking(
        JobRepository(pool),
        acts=Acts(shared.pseudonyms, shared.clock),
        append=shared.log.append,
        naming=Naming(shared.keyring, shared.pseudonyms),
        aliases=search.aliases,
        evidence=FindingRepository(pool).evidence,
        remember=SavedSearches(pool, shared.clock).remember_reason,
        directory=shared.settings.exports.directory,
        clock=shared.clock,
    )
    return {"exports": asking}


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Make exports, and feed every stream that the settings name."""
    settings = shared.settings.exports
    holder = f"{shared.settings.audit.node}.{secrets.token_hex(4)}"
    reader = await shared.pool(READER)
    follower = await shared.pool(FOLLOWER)
    working = Working(
        WorkRepository(follower),
        making_of(shared.settings, _search(stack, shared), reader),
        holder=holder,
        directory=settings.directory,
        clock=shared.clock,
    )
    shared.background(stack, working.run(), "exports")
    tree, behind = TreeRepository(reader), dict[str, float]()
    for name, opens, rewind in _sinks(shared.settings):

        async def observe(sent: int, name: str = name) -> None:
            behind[name] = (await tree.head()).size - sent

        stream = Stream(
            name=name,
            holder=holder,
            read=tree.entries,
            open=opens,
            cursors=StreamRepository(follower),
            batch_records=settings.stream.batch_records,
            rewind_records=rewind,
            observe=observe,
        )
        shared.background(stack, stream.run(), f"{name} stream")
    shared.meters.observe("motlan.audit.stream.behind", lambda: behind)


def making_of(settings: Settings, search: SearchRepository, rows: database.Pool) -> Making:
    """Return what makes files of the record; *rows* may read it."""
    exports = settings.exports
    return Making(
        Finding(search, rows),
        Grounds(
            TreeRepository(rows),
            rows,
            lambda: public_keys(settings),
            policy_of(settings),
            patience_s=settings.witnesses.interval_s + settings.witnesses.deadline_s,
        ),
        origin=settings.tree.origin,
        signers=lambda: export_signers(settings),
        directory=exports.directory,
        clock=utc_now,
        bounds=Bounds(records=exports.most_records, bundle_records=exports.most_bundle_records),
    )


def public_keys(settings: Settings) -> list[VKey]:
    """Return every public key that ever signed for the log; file calls block."""
    lines = keys_of(settings).lines(utc_now())
    return [parse_vkey(text) for line in lines for text in line.vkeys]


def export_signers(settings: Settings) -> Sequence[Signer]:
    """Return the keys that sign exports now, the first made when there is none; blocks.

    Ed25519 alone: keys of type 0x06 sign checkpoints and nothing else (C2SP tlog-cosignature).
    """
    ring = LogKeys(settings.exports.keys_dir, key_name(settings.tree.origin), overlap=OVERLAP)
    ring.ensure(utc_now())
    return [each for each in ring.signers(utc_now()) if isinstance(each, Ed25519Signer)]


def _search(stack: AsyncExitStack, shared: Shared) -> SearchRepository:
    engine = database.engine(
        shared.dsn, pool_connections=2, role=READER, application_name="motlan exports"
    )
    shared.held.append(lambda: database.held(engine))
    stack.push_async_callback(engine.dispose)
    return SearchRepository(lambda: database.transaction(engine))


def _sinks(settings: Settings) -> list[tuple[str, Opens, int]]:
    """Return each receiver: its name, how it is reached, how much a broken way may have lost."""
    stream, origin = settings.exports.stream, settings.tree.origin
    found: list[tuple[str, Opens, int]] = []
    if stream.syslog is not None:
        syslog = stream.syslog
        address = Address(
            host=syslog.host,
            port=syslog.port,
            tls=syslog.secured,
            ca_file=syslog.tls.ca_file,
            certificate_file=syslog.tls.cert_file,
            key_file=syslog.tls.key_file,
        )
        sender = Sender(origin=origin, host=gethostname(), enterprise=syslog.enterprise)

        async def to_syslog() -> Sink:
            return await open_syslog(address, sender)

        found.append(("syslog", to_syslog, syslog.rewind_records))
    if stream.otlp_endpoint is not None:
        endpoint, ca_file = stream.otlp_endpoint, stream.otlp_ca_file

        async def to_collector() -> Sink:
            return open_otlp(endpoint, origin, ca_file=ca_file, version=__version__)

        found.append(("otlp", to_collector, 0))
    return found
