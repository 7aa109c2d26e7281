"""What administrators and citizens do to a running province, each in a commit of its own."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from auth import registrations
from auth.repository import SystemRepository
from auth.systems import Note
from catalog.documents import read
from catalog.entries import AgreementState
from catalog.kinds import Kind
from catalog.repository import CatalogRepository, TwoPeople
from gateway import database
from gateway.clock import utc_now
from gateway.demo.province import APPROVER, PUBLISHER, Province
from gateway.demo.records import Books
from gateway.quota.windows import LOCAL
from tests.conftest import in_a_loop
from tests.province import BANK, EXTRA, in_thread

T = TypeVar("T")
ELEMENTS = ("ho_ten", "ngay_sinh", "thuong_tru")
REASON = "Thử nghiệm."


def _in_one_commit(province: Province, work: Callable[[AsyncSession], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        engine = database.engine(province.dsn, role=None)
        try:
            async with database.transaction(engine) as session:
                return await work(session)
        finally:
            await engine.dispose()

    return in_a_loop(run)


def publish(province: Province, text: str) -> int:
    """Apply one YAML stream to the catalog; return how many entries changed."""
    today = utc_now().astimezone(LOCAL).date()
    documents = read({"test.yaml": text})
    people = TwoPeople(PUBLISHER, APPROVER)
    changes = _in_one_commit(
        province, lambda s: CatalogRepository(s).apply(documents, people, today=today)
    )
    return len(changes.items)


def agreement_text(code: str) -> str:
    """Return the document of one of the tests' own agreements, as it was first published."""
    return next(
        part for part in EXTRA.read_text(encoding="utf-8").split("---\n") if f"code: {code}" in part
    )


def suspend_agreement(province: Province, code: str) -> None:
    """Suspend an agreement, alone and at once."""
    _set_agreement(province, code, AgreementState.SUSPENDED)


def resume_agreement(province: Province, code: str) -> None:
    """Lift the suspension; this takes two people."""
    _set_agreement(province, code, AgreementState.ACTIVE, approved_by=APPROVER)


def _set_agreement(
    province: Province, code: str, state: AgreementState, approved_by: str | None = None
) -> None:
    _in_one_commit(
        province,
        lambda s: CatalogRepository(s).set_state(
            Kind.AGREEMENT, code, state, reason=REASON, by=PUBLISHER, approved_by=approved_by
        ),
    )


def suspend_system(province: Province, client_id: str) -> None:
    """Suspend a system."""
    _in_one_commit(
        province, lambda s: registrations.suspend(SystemRepository(s), client_id, _note())
    )


def resume_system(province: Province, client_id: str) -> None:
    """Let a suspended system work again, with new tokens."""
    _in_one_commit(
        province, lambda s: registrations.resume(SystemRepository(s), client_id, _note())
    )


def block_system(province: Province, client_id: str) -> None:
    """Block a system for good."""
    _in_one_commit(province, lambda s: registrations.block(SystemRepository(s), client_id, _note()))


def _note() -> Note:
    return Note(PUBLISHER, REASON, utc_now(), APPROVER)


def give_consent(province: Province, number: str) -> str:
    """Let a person give the bank their consent; return the record's id."""
    given: list[str] = []
    in_thread(lambda: given.append(_books(province).give(number, BANK, "dancu.tracuu", ELEMENTS)))
    return given[0]


def withdraw_consent(province: Province, record_id: str, number: str) -> None:
    """Let the person take it back."""
    in_thread(lambda: _books(province).withdraw(record_id, number))


def _books(province: Province) -> Books:
    return Books(province.dsn, province.plan.directory / "keys")
