"""What tests of disclosure need: a followed log, and everything that people do with it."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
from msgspec import Struct

from gateway import database
from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry, Receipt
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import Leaf, leaf_hash, parse
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import utc_now
from gateway.disclosure.asking import Asking, Said
from gateway.disclosure.day_repository import DayRepository, PublishedDays
from gateway.disclosure.days import Days
from gateway.disclosure.gathering import GatherRepository
from gateway.disclosure.numbers import SealNumbers
from gateway.disclosure.own import Own, Owner
from gateway.disclosure.places import PlaceRepository
from gateway.disclosure.publishing import Publishing
from gateway.disclosure.question_repository import QuestionRepository
from gateway.disclosure.reading import Reading
from gateway.disclosure.seal_repository import SealRepository
from gateway.disclosure.sealing import Sealing, Wanted
from gateway.disclosure.seals import Kind, Seal
from gateway.disclosure.traces import Traces
from gateway.disclosure.walk import Walk
from gateway.disclosure.wording import Wording
from gateway.sequencing.repository import TreeRepository
from tests.folded import fold
from tests.search_builders import Searched, searched

MINE = "003190000123"  # Ánh, a persona of docs/personas.md
THEIRS = "003088000451"
POLICE = "H31.12"  # the agency of tests.audit_builders
DAY = timedelta(days=1)


class Hand:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        """Return what the test set."""
        return self.now

    @property
    def today(self) -> date:
        """Return the UTC day."""
        return self.now.astimezone(UTC).date()


class Disclosed(Struct, frozen=True, kw_only=True):
    """A followed log with all of disclosure over it, as the processes put it together."""

    dsn: str
    clock: Hand
    log: Searched
    pseudonyms: Pseudonyms
    acts: Acts
    own: Own
    days: Days
    publishing: Publishing
    sealing: Sealing
    asking: Asking
    numbers: SealNumbers
    app: database.Pool

    async def add(self, leaves: Iterable[Leaf], *, day: date | None = None) -> list[bytes]:
        """Record *leaves* in a writer of *day*, and let the search follow."""
        on = day or self.clock.today
        found = await fold(self.dsn, leaves, writer=writer_of(on), day=on)
        await self.log.follow()
        return found

    async def append(self, entry: Entry) -> Receipt:
        """Take an act in as the log does."""
        assert isinstance(entry.body, Leaf)
        (stored,) = await self.add([entry.body])
        place = parse(stored).w
        return Receipt(
            entry_id=entry.body.id, writer=place.id, seq=place.seq, leaf=leaf_hash(stored).hex()
        )

    async def mine(self, number: str = MINE) -> Owner:
        """Return whose list *number* opens."""
        return await self.own.owner(number)

    async def seal(self, *, known: str = POLICE, **wanted: object) -> Seal:
        """Ask for a seal and let a second person approve it."""
        asked = await self.sealing.ask(OFFICER, a_wish(self.clock(), **wanted), {known})
        return await self.sealing.decide(SECOND, asked.id, approved=True, reason="đúng căn cứ")


OFFICER = Said(by=By(id="cb-01", agency=POLICE), route="/v1/seals", raw=b"{}")
SECOND = Said(by=By(id="cb-02", agency=POLICE), route="/v1/seals/{seal}/decision", raw=b"{}")
ASKER = Said(by=By(id="dan-01"), route="/v1/own/questions", raw=b"{}")
ANSWERER = Said(
    by=By(id="qt-01", agency=POLICE), route="/v1/agency/questions/{question}/answer", raw=b"{}"
)


def a_wish(now: datetime, **changed: object) -> Wanted:
    """Return what an investigator asks for: the agency's accesses of these days, for a month."""
    whole: dict[str, object] = {
        "ground": "dieu-tra-hinh-su",
        "kind": Kind.AGENCY,
        "targets": (POLICE,),
        "first": now - 5 * DAY,
        "last": now + 5 * DAY,
        "opens_at": now + 30 * DAY,
        "reason": "Xác minh nguồn tin",
    }
    return Wanted(**(whole | changed))  # type: ignore[arg-type]


def writer_of(day: date) -> str:
    """Return the name of the writer that the tests of disclosure use on *day*."""
    return f"gw1.0.{day:%y%m%d}.abcdefghijkm"


@asynccontextmanager
async def disclosed(dsn: str, folder: Path) -> AsyncGenerator[Disclosed]:
    """Give everything over the database *dsn*, each part with the role that it has in service."""
    clock, keyring = Hand(), Keyring(folder / "pseudonyms")
    pseudonyms = Pseudonyms(keyring)
    acts = Acts(pseudonyms, clock)
    async with searched(dsn) as log:
        reading = await database.raw_pool(dsn, "motlan_auditor", 2)
        app = await database.raw_pool(dsn, "motlan_app", 4)
        settings = database.server_settings("motlan_follower", "motlan test")
        keeping = await asyncpg.connect(dsn, server_settings=settings)
        tree, traces, seals = TreeRepository(reading), Traces(reading), SealRepository(app)
        found = GatherRepository(keeping)
        own = Own(
            tree=tree,
            traces=traces,
            reading=Reading(PlaceRepository(reading), traces),
            wording=Wording(app),
            seals=seals,
            pseudonyms=pseudonyms,
            keyring=keyring,
            clock=clock,
        )
        made: list[Disclosed] = []

        async def append(entry: Entry) -> Receipt:
            return await made[0].append(entry)

        acting = {"acts": acts, "append": append, "clock": clock}
        made.append(
            Disclosed(
                dsn=dsn,
                clock=clock,
                log=log,
                pseudonyms=pseudonyms,
                acts=acts,
                own=own,
                days=Days(
                    published=PublishedDays(reading),
                    tree=tree,
                    traces=traces,
                    seals=seals,
                    own=own,
                    clock=clock,
                ),
                publishing=Publishing(
                    days=DayRepository(keeping),
                    found=found,
                    walk=Walk(TreeRepository(keeping), found),
                    **acting,  # type: ignore[arg-type]
                ),
                sealing=Sealing(seals=seals, pseudonyms=pseudonyms, **acting),  # type: ignore[arg-type]
                asking=Asking(
                    questions=QuestionRepository(app),
                    own=own,
                    pseudonyms=pseudonyms,
                    **acting,  # type: ignore[arg-type]
                ),
                numbers=SealNumbers(seals, reading, clock),
                app=app,
            )
        )
        try:
            yield made[0]
        finally:
            await keeping.close(timeout=5)
            await reading.close()
            await app.close()
