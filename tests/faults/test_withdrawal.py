"""A withdrawal against many workers that are just releasing (promise P3)."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
from msgspec import Struct

from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.consents.repository import ConsentRepository
from gateway.errors import RightsGone
from gateway.rights import Right, consent_right
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer
from tests.consent_builders import NOTICE, an_act, some_terms

WORKERS = 4
TERMS = some_terms(valid_from=utc_now() - timedelta(days=1))


class Race(Struct):
    """When the withdrawal was known to be committed, and how each release ended."""

    withdrawn: bool = False
    before: int = 0  # released, begun before the withdrawal's commit was known
    after: int = 0  # released, begun afterwards: must stay at nothing
    refused: int = 0


async def release(writer: AuditWriter, right: Right, race: Race) -> None:
    """Try to release until the right is gone, and ten times more."""
    while race.refused < 10 * WORKERS:
        late = race.withdrawn
        try:
            await writer.append(an_entry(right))
        except RightsGone:
            race.refused += 1
        else:
            race.after += late
            race.before += not late


async def test_nothing_is_released_after_a_withdrawal_in_any_worker(database_url: str) -> None:
    """Four workers release as fast as they can; the person withdraws in their midst."""
    race = Race()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(asyncpg.create_pool(database_url, min_size=1))
        consents = ConsentRepository(pool)
        ends = utc_now() + timedelta(days=1)
        await consents.give(TERMS, an_act(at=TERMS.valid_from), valid_to=ends, notice=NOTICE)
        writers = [await stack.enter_async_context(a_writer(database_url)) for _ in range(WORKERS)]

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(release(writer, consent_right(TERMS.id, 1), race))
            await asyncio.sleep(0.3)
            await consents.withdraw(TERMS.id, an_act(at=utc_now()))
            race.withdrawn = True

    assert race.before > 0
    assert (0, True) == (race.after, race.refused >= 10 * WORKERS)


async def test_a_new_consent_does_not_revive_the_one_taken_back(database_url: str) -> None:
    """A release rests on one record at one event, not on there being some consent."""
    async with asyncpg.create_pool(database_url, min_size=1) as pool, a_writer(database_url) as log:
        consents = ConsentRepository(pool)
        ends = utc_now() + timedelta(days=1)
        await consents.give(TERMS, an_act(at=TERMS.valid_from), valid_to=ends, notice=NOTICE)
        await consents.withdraw(TERMS.id, an_act())
        again = some_terms(id="0199e000-0000-7000-8000-000000000002", valid_from=TERMS.valid_from)
        await consents.give(again, an_act(at=TERMS.valid_from), valid_to=ends, notice=NOTICE)

        outcomes = await asyncio.gather(
            log.append(an_entry(consent_right(TERMS.id, 1))),
            log.append(an_entry(consent_right(TERMS.id, 2))),
            log.append(an_entry(consent_right(again.id, 1))),
            return_exceptions=True,
        )

    assert [True, True, False] == [isinstance(each, RightsGone) for each in outcomes]
