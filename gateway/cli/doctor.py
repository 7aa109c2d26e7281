"""`motlan doctor`: looks at everything the gateway needs, and says what to do."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import click
from rich_click import RichCommand
from sqlalchemy.ext.asyncio import AsyncSession

from auth.errors import PartyError
from auth.keys import KeyLine, KeyState, SigningKeyRing, age_of, is_overdue
from auth.people import Role
from auth.roles.desk import ENOUGH, RoleDesk
from auth.roles.emergencies import EmergencyDesk
from auth.roles.errors import RolesUnavailable
from auth.roles.reviewing import ReviewDesk
from catalog.lint import faults, lint
from catalog.repository import CatalogRepository
from gateway import database, migrating
from gateway.cli.answers import Answer, answering, table
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.cli.systems_checked import looked_at
from gateway.clock import utc_now
from gateway.embedded import EmbeddedError
from gateway.errors import Refusal
from gateway.retention.repository import ROLE as RETENTION
from gateway.retention.sizes import SizeRepository
from gateway.settings import Settings
from gateway.wiring.retention import Gauge
from gateway.wiring.sign_on import ring_of, standing
from gateway.wiring.witnessing import PolicyUnusable, policy_of
from gateway.witnessing.outcomes import Outcome, unwitnessed
from gateway.witnessing.repository import WitnessRepository

ROLES = ("motlan_app", "motlan_append", "motlan_sequencer", "motlan_retention")
PROMISES = ("fsync", "full_page_writes")
MOST_OFFSET_S = 1.0  # between our clock and the database's
REACH_S = 3.0
OLDEST_PYTHON = (3, 11)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands."""

    check: str
    ok: bool
    says: str
    do: str = ""


@click.command(cls=RichCommand)
@click.option("--ready", is_flag=True, help="Only ask the running gateway whether it is ready.")
@database_options
@answering
def doctor(url: str | None, directory: Path | None, *, ready: bool) -> Answer:
    """Check Python, database, migrations, roles, keys, catalog, sources, providers and clock."""
    settings = settings_with(url, directory)
    found = [_ready(settings)] if ready else [_python(), *_everything(settings)]
    rows = [
        {
            "check": f.check,
            "state": "ok" if f.ok else "WRONG",
            "says": f.says,
            "do": "" if f.ok else f.do,
        }
        for f in found
    ]
    is_well = all(finding.ok for finding in found)
    facts = {"ok": is_well, "checks": found}
    return Answer(facts, table(list(rows)), Exit.OK if is_well else Exit.UNHEALTHY)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= OLDEST_PYTHON, version, "use Python 3.11 or newer")


def _everything(settings: Settings) -> list[Finding]:
    found = [
        *_keys(settings),
        *_proxies(settings),
        *asyncio.run(_sources(settings)),
        *asyncio.run(_providers(settings)),
    ]
    try:
        with reachable(settings) as dsn:
            first, *inside = asyncio.run(_database(dsn))
            if inside:  # it answers
                checks = (_storage, _witnesses, _rights, _systems)
                inside += [asyncio.run(each(dsn, settings)) for each in checks]
            return [first, *inside, *found]
    except EmbeddedError as cannot:
        return [Finding("database", ok=False, says=str(cannot), do="as it says"), *found]


async def _database(dsn: str) -> list[Finding]:
    try:
        connection = await asyncpg.connect(dsn, timeout=REACH_S)
    except database.TROUBLES as lost:
        kind = type(lost).__name__
        return [Finding("database", ok=False, says=kind, do="start it, or correct database.url")]
    try:
        checks = (_version, _promises, _roles, _clock, _audit)
        found = [await _judged(check, connection) for check in checks]
    finally:
        await connection.close()
    return [*found, await _migrations(dsn), await _catalog(dsn)]


async def _judged(
    check: "Callable[[asyncpg.Connection], Awaitable[Finding]]", connection: asyncpg.Connection
) -> Finding:
    try:
        return await check(connection)
    except asyncpg.PostgresError as wrong:
        name = check.__name__.strip("_")
        return Finding(name, ok=False, says=type(wrong).__name__, do="run `motlan db upgrade`")


async def _version(connection: asyncpg.Connection) -> Finding:
    version = connection.get_server_version()
    is_new = version.major >= database.OLDEST_MAJOR
    return Finding("database", is_new, f"PostgreSQL {version.major}", "use PostgreSQL 15 or newer")


async def _promises(connection: asyncpg.Connection) -> Finding:
    off = [name for name in PROMISES if await connection.fetchval(f"SHOW {name}") != "on"]
    says = f"off: {', '.join(off)}" if off else "fsync and full_page_writes are on"
    return Finding("durability", not off, says, "switch them on: a power cut would lose records")


async def _roles(connection: asyncpg.Connection) -> Finding:
    query = (
        "SELECT r FROM unnest($1::text[]) AS r WHERE NOT EXISTS "
        "(SELECT FROM pg_roles WHERE rolname = r AND pg_has_role(oid, 'MEMBER'))"
    )
    missing = [row[0] for row in await connection.fetch(query, list(ROLES))]
    says = f"missing or not granted: {', '.join(missing)}" if missing else "all four"
    return Finding("roles", not missing, says, "GRANT them to the role of database.url")


async def _clock(connection: asyncpg.Connection) -> Finding:
    before = utc_now()
    theirs = await connection.fetchval("SELECT clock_timestamp()")
    after = utc_now()
    offset_s = (theirs - (before + (after - before) / 2)).total_seconds()
    is_near = abs(offset_s) <= MOST_OFFSET_S
    says = f"{offset_s:+.3f} s from the database"
    return Finding("clock", is_near, says, "synchronise both clocks (chrony, systemd-timesyncd)")


async def _audit(connection: asyncpg.Connection) -> Finding:
    """See whether the writers' role may append to the log, and nothing else."""
    query = (
        "SELECT has_table_privilege('motlan_append', 'audit.entry', 'INSERT'), "
        "has_table_privilege('motlan_append', 'audit.entry', 'UPDATE, DELETE, TRUNCATE')"
    )
    row = await connection.fetchrow(query)
    may_append, may_rewrite = (False, False) if row is None else (row[0], row[1])
    says = "append only" if may_append and not may_rewrite else "its role has other rights"
    do = "restore the grants of migration 0005"
    return Finding("audit", may_append and not may_rewrite, says, do)


async def _migrations(dsn: str) -> Finding:
    try:
        found = await migrating.check(dsn)
    except database.RevisionUnknown as newer:
        return Finding("migrations", ok=False, says=str(newer), do="as it says")
    says = f"at {found.current}" if found.at_head else f"pending: {', '.join(found.pending)}"
    return Finding("migrations", found.at_head, says, "run `motlan db upgrade`")


async def _catalog(dsn: str) -> Finding:
    opened = database.engine(dsn, pool_connections=1, role=None, application_name="motlan doctor")
    try:
        async with database.transaction(opened) as session:
            snapshot = await CatalogRepository(session).snapshot()
    except Exception as lost:  # noqa: BLE001 - a doctor reports, whatever it is
        return Finding("catalog", ok=False, says=type(lost).__name__, do="run `motlan db upgrade`")
    finally:
        await opened.dispose()
    wrong = faults(lint(snapshot))
    says = f"revision {snapshot.revision}, {len(wrong)} faults"
    return Finding("catalog", not wrong, says, "run `motlan catalog lint`")


async def _storage(dsn: str, settings: Settings) -> Finding:
    do = "make room, or set retention.volume_bytes; see `motlan audit retention`"
    try:
        async with await database.raw_pool(dsn, RETENTION, 1) as pool:
            gauge = Gauge(SizeRepository(pool), settings)
            capacity = await gauge.measure(utc_now().date())
    except (Refusal, *database.TROUBLES) as lost:
        return Finding("storage", ok=False, says=type(lost).__name__, do="run `motlan db upgrade`")
    return Finding("storage", not capacity.alarming, capacity.text(), do)


async def _systems(dsn: str, settings: Settings) -> Finding:
    """See whether agencies' systems can go on proving themselves."""
    del settings
    do = "let the agency rotate: `motlan system rotate`, see docs/systems.md"
    try:
        is_well, says = await looked_at(dsn, utc_now())
    except (PartyError, *database.TROUBLES) as lost:
        return Finding("systems", ok=False, says=type(lost).__name__, do="run `motlan db upgrade`")
    return Finding("systems", is_well, says, do)


async def _rights(dsn: str, settings: Settings) -> Finding:
    """See whether two people can grant, and whether reviews and emergencies are answered."""
    engine, now = database.engine(dsn, pool_connections=1), utc_now()

    def transaction() -> AbstractAsyncContextManager[AsyncSession]:
        return database.transaction(engine)

    reviews = ReviewDesk(transaction, settings.roles.pace())
    emergencies = EmergencyDesk(transaction, settings.break_glass.terms())
    try:
        operators = await RoleDesk(transaction).holders(Role.OPERATOR)
        late, unjudged = await reviews.overdue(now), await emergencies.overdue(now)
    except RolesUnavailable as lost:
        return Finding("rights", ok=False, says=type(lost).__name__, do="run `motlan db upgrade`")
    finally:
        await engine.dispose()
    enough = operators >= ENOUGH or settings.environment != "production"
    says = f"{operators} operators, {late} grants reviewed late, {unjudged} emergencies unjudged"
    return Finding("rights", enough and not late and not unjudged, says, "see docs/roles.md")


async def _witnesses(dsn: str, settings: Settings) -> Finding:
    """See whether the policy can be used, and whether a quorum stood behind the log of late."""
    do = "see docs/witnesses.md"
    try:
        if policy_of(settings) is None:
            needed = settings.environment == "production"
            return Finding("witnesses", not needed, "none: nobody confirms the log", do)
        async with await database.raw_pool(dsn, "motlan_app", 1) as pool:
            book = WitnessRepository(pool)
            last, lines = await book.witnessed(), await book.lines()
    except PolicyUnusable as wrong:
        return Finding("witnesses", ok=False, says=str(wrong), do="correct witnesses.policy_file")
    except (Refusal, *database.TROUBLES) as lost:
        return Finding(
            "witnesses", ok=False, says=type(lost).__name__, do="run `motlan db upgrade`"
        )
    age = unwitnessed(last, utc_now())
    others = [f"{each.name}: {each.outcome}" for each in lines if each.outcome != Outcome.COSIGNED]
    says = f"a quorum {int(age.total_seconds())} s ago, at {last.size} records"
    is_well = age.total_seconds() <= settings.witnesses.alarm_s and not others
    return Finding("witnesses", is_well, "; ".join([says, *others]), do)


def _keys(settings: Settings) -> list[Finding]:
    """See whether each ring of ours has a key that signs, and for how long it has."""
    found = [_ring(settings, "keys", settings.identity.ring(), "signing")]
    if settings.sign_on.providers:
        found.append(_ring(settings, "keys sign-on", ring_of(settings), "sign-on"))
    return found


def _ring(settings: Settings, check: str, ring: SigningKeyRing, name: str) -> Finding:
    now, order = utc_now(), f"motlan keys rotate --ring {name}"
    try:
        lines = ring.lines(now)
    except Exception as unusable:  # noqa: BLE001 - a doctor reports, whatever it is
        return Finding(check, ok=False, says=type(unusable).__name__, do=f"run `{order} --now`")
    if not lines:
        return Finding(check, ok=False, says="none", do=f"run `{order} --now`")
    is_fresh = not is_overdue(lines, now, settings.identity.rotate_after())
    says = ", ".join(_told(line, now) for line in lines)
    return Finding(check, is_fresh, says, f"run `{order}`")


def _told(line: KeyLine, now: datetime) -> str:
    signs = f" for {age_of(line, now).days} days" if line.state is KeyState.ACTIVE else ""
    return f"{line.state.value}{signs}"


def _proxies(settings: Settings) -> list[Finding]:
    """See whether people would be told apart who come through a proxy on another host.

    Browsers come by https, which ends at a proxy: whoever listens beyond this host has one there,
    unless somebody says otherwise.
    """
    shown = settings.sign_on
    beyond = not {settings.listen.host, settings.admin.host} <= LOOPBACK
    if not shown.providers or not beyond:
        return []
    is_named = "proxies" in settings.listen.model_fields_set
    says = "named" if is_named else "all callers behind one on another host would share one address"
    return [Finding("proxies", is_named, says, "name them in listen.proxies: docs/operations.md")]


async def _sources(settings: Settings) -> list[Finding]:
    """Open a connection to each source and close it: no question is asked without its record."""
    return list(
        await asyncio.gather(
            *(_source(name, source.base_url) for name, source in settings.sources.items())
        )
    )


async def _source(name: str, base_url: str) -> Finding:
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    check = f"source {name}"
    try:
        async with asyncio.timeout(REACH_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
            writer.close()
    except (OSError, TimeoutError) as lost:
        return Finding(
            check, ok=False, says=type(lost).__name__, do="see the network, or the source"
        )
    return Finding(check, ok=True, says="reachable")


async def _providers(settings: Settings) -> list[Finding]:
    """Let each OpenID provider judge a request of ours; no browser is sent there."""
    return [
        Finding(f"provider {code}", is_well, says, "see docs/sign-on.md")
        for code, (is_well, says) in (await standing(settings, utc_now())).items()
    ]


def _ready(settings: Settings) -> Finding:
    """Ask the first worker's management port, as a container's health check does."""
    at = settings.management
    connection = HTTPConnection(at.host, at.port, timeout=REACH_S)
    try:
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
    except OSError as lost:
        return Finding("ready", ok=False, says=type(lost).__name__, do="start it: `motlan serve`")
    finally:
        connection.close()
    return Finding("ready", status == 200, str(status), "read /health/ready")  # noqa: PLR2004
