"""Signed requests on their way through the stages: demanded, judged once, good once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from auth.errors import RegistrationsUnavailable
from auth.jose import VerificationKey, verification_key
from auth.principals import Principal
from auth.signatures.messages import Asking
from catalog.entries import Signing
from gateway.errors import Code, Refusal
from gateway.stages.authorise import authorise
from gateway.stages.evidence import Consented
from gateway.stages.presented import Presented
from gateway.stages.signed import Signed
from tests.builders import NOON, asked, consented, resolved
from tests.party_builders import CLIENT_KEY, OTHER_KEY
from tests.signature_builders import a_signed, an_asking, key_of

FIELDS = frozenset({"ho_ten"})


class Rows:
    """Registered keys, and what was presented before."""

    def __init__(self) -> None:
        self.keys = (verification_key(CLIENT_KEY.public),)
        self.seen: list[tuple[str, str, float]] = []
        self.away = False

    async def keys_of(self, principal: Principal) -> Sequence[VerificationKey]:
        """Return the keys of the one system there is."""
        assert principal.client_id == "motcua-xa"
        if self.away:
            raise RegistrationsUnavailable
        return self.keys

    async def once(self, owner: str, what: str, expires_at: float) -> bool:
        """Say whether it comes for the first time."""
        await asyncio.sleep(0)
        fresh = all(known[:2] != (owner, what) for known in self.seen)
        self.seen.append((owner, what, expires_at))
        return fresh


@pytest.fixture
def rows() -> Rows:
    """Give rows of their own."""
    return Rows()


def stage(rows: Rows, late_s: float = 0) -> Signed:
    """Return the stage at noon, or a little later."""
    at = NOON + timedelta(seconds=late_s)
    return Signed(keys=rows.keys_of, once=rows.once, clock=lambda: at)


def a_question(
    asking: Asking | None, signing: Signing = Signing.REQUESTS, presented: Presented | None = None
) -> Consented:
    """Return a decided question under an agreement that demands signatures."""
    signed = presented or (None if asking is None else Presented(asking))
    of = resolved(asked(signed=signed))
    cover = authorise(of)
    agreement = replace(cover.agreement, signing=signing)
    return consented(of, replace(cover, agreement=agreement), FIELDS)


def at_noon(asking: Asking | None = None, **signing: object) -> Asking:
    """Return a request that was signed at noon."""
    return a_signed(asking, at=NOON.timestamp(), **signing)  # type: ignore[arg-type]


async def refused(rows: Rows, question: Consented, late_s: float = 0) -> Code:
    """Return the code of the refusal."""
    with pytest.raises(Refusal) as refusal:
        await stage(rows, late_s)(question)
    return refusal.value.code


async def test_a_signed_request_goes_on_with_its_proof(rows: Rows) -> None:
    """What the record will commit to travels with the question."""
    on = await stage(rows)(a_question(at_noon()))

    assert on.signed is not None
    assert CLIENT_KEY.public["x"] == on.signed.evidence.jwk["x"]
    ((owner, _, until),) = rows.seen
    assert ("signature:motcua-xa", NOON.timestamp() + 60) == (owner, until)


async def test_an_unsigned_request_is_told_what_is_missing(rows: Rows) -> None:
    """No signature at all is another mistake than a wrong one."""
    assert Code.SIGNATURE_MISSING is await refused(rows, a_question(None))
    assert Code.SIGNATURE_MISSING is await refused(rows, a_question(an_asking()))


async def test_a_wrong_key_an_old_hour_and_another_body_are_refused(rows: Rows) -> None:
    """Each has its code; none is remembered as used."""
    other = a_question(at_noon(key=key_of(OTHER_KEY)))
    moved = a_question(replace(at_noon(), body=b"{}"))

    assert Code.SIGNATURE_INVALID is await refused(rows, other)
    assert Code.SIGNATURE_INVALID is await refused(rows, a_question(at_noon()), late_s=61)
    assert Code.CONTENT_DIGEST_MISMATCH is await refused(rows, moved)
    assert not rows.seen


async def test_a_signature_counts_once(rows: Rows) -> None:
    """A recorded request, sent again, is nobody's will."""
    signed = at_noon()
    await stage(rows)(a_question(signed))

    assert Code.SIGNATURE_REPLAYED is await refused(rows, a_question(signed))


async def test_questions_of_one_form_rest_on_one_signature(rows: Rows) -> None:
    """A form puts several questions at once; the caller signed it once."""
    presented = Presented(at_noon())
    questions = [a_question(None, presented=presented) for _ in range(3)]

    proofs = await asyncio.gather(*(stage(rows)(question) for question in questions))

    assert 1 == len(rows.seen)
    assert 1 == len({proof.signed.once for proof in proofs if proof.signed is not None})


async def test_without_the_registrations_nobody_is_believed(rows: Rows) -> None:
    """Failing closed, with a code that says to try again."""
    rows.away = True

    assert Code.DATABASE_UNAVAILABLE is await refused(rows, a_question(at_noon()))


@pytest.mark.parametrize(("signing", "wanted"), [(Signing.REQUESTS, False), (Signing.BOTH, True)])
async def test_an_agreement_may_want_the_answer_signed(
    rows: Rows, signing: Signing, *, wanted: bool
) -> None:
    """The edge signs what the agreement says, and nothing else."""
    presented = Presented(at_noon())
    await stage(rows)(a_question(None, signing, presented))

    assert wanted is presented.wants_answer


async def test_a_judge_that_failed_is_asked_again() -> None:
    """A passing failure must not stick to the request."""
    presented, asked_of = Presented(at_noon()), list[int]()

    async def judge(_: Asking) -> object:
        asked_of.append(1)
        raise TimeoutError

    for _ in range(2):
        with pytest.raises(TimeoutError):
            await presented.judged(judge)  # type: ignore[arg-type]
    assert 2 == len(asked_of)
    assert presented.proven is None
