"""What the story needs of the database: the record of an exchange, and one person's consent."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import uuid_utils

from gateway import database
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.repository import AuditRepository
from gateway.clock import utc_now
from gateway.consents.records import Act, Terms, notice_hash
from gateway.consents.repository import ConsentRepository
from gateway.consents.states import ConsentState

T = TypeVar("T")
NEAR = 50  # records that others may write between the two of one exchange
NOTICE = (
    "Ngân hàng Minh hoạ xin đọc họ tên, ngày sinh và nơi thường trú của bạn trong Cơ sở dữ liệu "
    "quốc gia về dân cư để mở tài khoản. Bạn có thể từ chối, và rút lại bất cứ lúc nào."
)


class Books:
    """Reads the access log and keeps the consents of the story's people."""

    def __init__(self, dsn: str, keys: Path) -> None:
        self._dsn = dsn
        self._pseudonyms = Pseudonyms(Keyring(keys / "pseudonyms"))

    def leaf(self, writer: str, seq: int) -> dict[str, Any]:
        """Return the record at *seq* of *writer*, as JSON.

        Sensitive data has two: who asks, before the source is asked, and what came of it.  Then
        the receipt is of the second, and the first, which it names, says who.
        """
        first = max(0, seq - NEAR)
        leaves = self._leaves(writer, first, seq - first + 1)
        return next((each for each in leaves if each["id"] == leaves[-1].get("of")), leaves[-1])

    def _leaves(self, writer: str, first: int, rows: int) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            engine = database.engine(self._dsn, role=None, pool_connections=1)
            try:
                async with database.transaction(engine) as session:
                    repository = AuditRepository(session)
                    found = await repository.entries_of(writer, from_seq=first, rows=rows)
            finally:
                await engine.dispose()
            return [msgspec.json.decode(each.entry) for each in found]

        return asyncio.run(read())

    def count(self) -> int:
        """Return how many records today holds."""

        async def read() -> int:
            engine = database.engine(self._dsn, role=None, pool_connections=1)
            try:
                async with database.transaction(engine) as session:
                    return await AuditRepository(session).count(utc_now().date())
            finally:
                await engine.dispose()

        return asyncio.run(read())

    def give(self, number: str, recipient: str, service: str, elements: tuple[str, ...]) -> str:
        """Store a consent that the person has just given; return the record's id."""
        now = utc_now()
        person = self._pseudonyms.person(number)
        terms = Terms(
            id=str(uuid_utils.uuid7()),
            principal_ref=person,
            recipient=recipient,
            purpose="khach-hang",
            service=service,
            elements=tuple(sorted(elements)),
            valid_from=now,
            data_life_days=90,
            notice_sha256=notice_hash(NOTICE),
        )
        act = Act(at=now, entity_ref=person, entity_role="subject", method="vneid", acr="2")
        until = now + timedelta(days=30)
        self._kept(lambda book: book.give(terms, act, valid_to=until, notice=NOTICE))
        return terms.id

    def withdrawn_before(self, number: str, recipient: str, service: str) -> bool:
        """Say whether the person took a consent back in an earlier telling of the story."""
        person = self._pseudonyms.person(number)
        found = self._kept(lambda book: book.grants_for(person, recipient, "khach-hang", service))
        return any(grant.state == ConsentState.WITHDRAWN for grant in found)

    def withdraw(self, record_id: str, number: str) -> None:
        """Store that the person took the consent back."""
        person = self._pseudonyms.person(number)
        act = Act(at=utc_now(), entity_ref=person, entity_role="subject", method="vneid", acr="2")
        self._kept(lambda book: book.withdraw(record_id, act))

    def _kept(self, work: Callable[[ConsentRepository], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            pool = await database.raw_pool(self._dsn, "motlan_app", 1)
            try:
                return await work(ConsentRepository(pool))
            finally:
                await pool.close()

        return asyncio.run(run())
