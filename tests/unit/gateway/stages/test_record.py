"""What stands sealed beside a record is there before anything leaves, or nothing leaves."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from auth.signatures.evidence import Evidence
from auth.signatures.requests import Proven
from gateway.audit.entry import Receipt
from gateway.audit.events import Delivered, Event
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.errors import Code, Refusal
from gateway.stages.authorise import authorise
from gateway.stages.evidence import Consented
from gateway.stages.leaves import Leaves
from gateway.stages.minimise import minimise
from gateway.stages.record import Keep, Record
from tests.builders import NOON, answered, asked, consented, resolved
from tests.fakes import FakeLog, Live

EVIDENCE = Evidence(base='"@method": POST', signature="eA==", jwk={}, label="sig1")
SIGNED = Proven(evidence=EVIDENCE, created=1)


@pytest.fixture
def log() -> FakeLog:
    """Give a log in memory."""
    return FakeLog()


def a_record(log: FakeLog, keys: Path, keep: Keep) -> Record:
    """Return a record over *log* whose sealed rows *keep* stores."""
    return Record(
        log=log,
        leaves=Leaves(Pseudonyms(Keyring(keys)), lambda: NOON),
        noise=lambda _code, _peer: None,
        counts=lambda _agency, _service, _code: None,
        live=Live(),
        witnessed=lambda: True,
        keep=keep,
    )


def a_signed_question() -> Consented:
    """Return a question that may be answered, and whose signature holds."""
    of = resolved(asked())
    return replace(consented(of, authorise(of), frozenset({"ho_ten"})), signed=SIGNED)


async def put(record: Record, question: Consented, *, announced: bool) -> None:
    """Record the question before it is put, or its answer before it leaves."""
    if announced:
        await record.intent(question)
    else:
        await record.access(minimise(answered(question, {"ho_ten": "Nguyễn Thị Ánh"})))


@pytest.mark.parametrize("announced", [False, True])
async def test_what_cannot_be_kept_beside_the_record_lets_nothing_leave(
    log: FakeLog, tmp_path: Path, *, announced: bool
) -> None:
    """The leaf says that there is a signature to show; the caller is told no, and so is the log."""

    async def away(_receipt: Receipt, _box: bytes, _epoch: str) -> None:
        raise Refusal(Code.DATABASE_UNAVAILABLE)

    with pytest.raises(Refusal) as refused:
        await put(a_record(log, tmp_path, away), a_signed_question(), announced=announced)

    assert Code.DATABASE_UNAVAILABLE is refused.value.code
    access, gone = (entry.body for entry in log.entries)
    assert (Event.ACCESS, Event.ACCESS_OUTCOME, access.id) == (access.type, gone.type, gone.of)
    assert gone.res is not None
    assert (Delivered.NO, 503) == (gone.res.delivered, gone.res.status)


@pytest.mark.parametrize("announced", [False, True])
async def test_what_is_sealed_is_kept_under_its_leaf(
    log: FakeLog, tmp_path: Path, *, announced: bool
) -> None:
    """Under the number of the leaf that commits to it, and once."""
    kept: list[str] = []

    async def keep(receipt: Receipt, _box: bytes, _epoch: str) -> None:
        kept.append(receipt.entry_id)

    await put(a_record(log, tmp_path, keep), a_signed_question(), announced=announced)

    assert [entry.body.id for entry in log.entries] == kept
