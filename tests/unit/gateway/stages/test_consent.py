"""The decision taken again when the source knows more about the person than the question said."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from adapters.protocol import Subject
from gateway.consents.ages import ADULT, CHILD
from gateway.consents.grants import Grant, Representation
from gateway.quota.ledger import Balance
from gateway.stages.authorise import authorise
from gateway.stages.consent import Consent
from gateway.stages.evidence import Answered, Authorised, Consented
from tests.builders import a_rule, a_snapshot, a_subject, answered, asked, resolved
from tests.unit.gateway.stages.test_record import SIGNED


async def no_grants(*_: str) -> Sequence[Grant]:
    """Nobody has granted anything."""
    return ()


async def nobody_acts(_: str) -> Representation | None:
    """Nobody acts for anybody."""
    return None


async def spends_nothing(_: str, __: int, ___: datetime) -> None:
    """No consent is counted."""


STAGE = Consent(
    grants=no_grants,
    representation=nobody_acts,
    principal_ref=lambda _subject, _at: "a" * 32,
    spend=spends_nothing,
)
GROWN = a_rule(code="adults")
GROWING = a_rule(code="children", order=2, subject=frozenset({"child"}))
LEFT = Balance(policy="day", limit=10, left=3, resets_s=60)


async def decided(subject: Subject) -> Consented:
    """Return a question about *subject*, decided, counted and signed."""
    of = resolved(asked(subject=subject), a_snapshot(rules=(GROWN, GROWING)))
    found = await STAGE(Authorised(of, authorise(of), LEFT))
    return replace(found, signed=SIGNED)


def said(by: Consented, kind: str) -> Answered:
    """Return the source's answer, which says what the person is."""
    return answered(by, {"ho_ten": "A"}, subject_is=kind)


async def test_a_child_that_only_the_source_knows_is_decided_on_as_a_child() -> None:
    """And the decision stays the same question's: its proof and its balance go with it."""
    before = await decided(a_subject(ngay_sinh="1990-01-01"))

    after = (await STAGE.confirm(said(before, CHILD))).consented

    assert ("adults", "children") == (before.decision.rule.code, after.decision.rule.code)
    assert (before.identified, before.balance, before.signed) == (
        after.identified,
        after.balance,
        after.signed,
    )
    assert before.decision.cover is after.decision.cover


async def test_what_the_source_confirms_is_not_decided_again() -> None:
    """A decision costs more than an answer."""
    grown = said(await decided(a_subject(ngay_sinh="1990-01-01")), ADULT)
    child = said(await decided(a_subject(ngay_sinh="2019-02-01")), CHILD)

    assert grown is await STAGE.confirm(grown)
    assert child is await STAGE.confirm(child)
