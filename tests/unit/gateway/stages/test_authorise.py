"""The third stage: which agreement line covers the question."""

from datetime import timedelta

import pytest

from auth.narrowing.details import AgreementDetail
from catalog.entries import AgreementState, PurposeKind, Window
from catalog.snapshot import Snapshot
from gateway.errors import Code, Refusal
from gateway.stages.authorise import authorise
from gateway.stages.evidence import Asked, Withheld
from tests.builders import (
    NOON,
    a_principal,
    a_purpose,
    a_scope,
    a_snapshot,
    an_agreement,
    asked,
    resolved,
)

SUSPENDED = an_agreement(state=AgreementState.SUSPENDED)
EXPIRED = an_agreement(valid_to=NOON)
NOT_YET = an_agreement(valid_from=NOON + timedelta(seconds=1))
OTHER_PURPOSE = an_agreement(a_scope(purposes=frozenset({"thong-ke"})))
OTHER_PROCEDURE = an_agreement(a_scope(procedures=frozenset({"1.004222"})))
NO_FIELDS = an_agreement(a_scope(elements=frozenset({"dan_toc"})))
CLOSED = an_agreement(a_scope(window=Window(from_hour=13, to_hour=17)))
OTHERS = an_agreement(consumer="H99.30.02")


def test_what_is_allowed_is_asked_and_agreed() -> None:
    """P4: nothing outside the intersection of question and agreement passes this stage."""
    authorised = authorise(resolved(asked(fields=("ho_ten", "dan_toc"))))

    assert frozenset({"ho_ten"}) == authorised.allowed
    assert (Withheld("dan_toc", "field_not_allowed"),) == authorised.withheld


def test_an_empty_wish_means_everything_agreed() -> None:
    """A caller who names no field gets what the agreement and the procedure list, no more."""
    authorised = authorise(resolved(asked(fields=())))

    assert frozenset({"ho_ten", "ngay_sinh", "thuong_tru"}) == authorised.allowed
    assert () == authorised.withheld


@pytest.mark.parametrize(
    ("snapshot", "code"),
    [
        pytest.param(a_snapshot(SUSPENDED), Code.AGREEMENT_SUSPENDED, id="suspended"),
        pytest.param(a_snapshot(EXPIRED), Code.AGREEMENT_EXPIRED, id="at its last instant"),
        pytest.param(a_snapshot(NOT_YET), Code.AGREEMENT_EXPIRED, id="before its first instant"),
        pytest.param(a_snapshot(OTHER_PURPOSE), Code.PURPOSE_NOT_COVERED, id="other purpose"),
        pytest.param(a_snapshot(OTHER_PROCEDURE), Code.PROCEDURE_NOT_COVERED, id="other procedure"),
        pytest.param(a_snapshot(NO_FIELDS), Code.FIELD_NOT_ALLOWED, id="no field"),
        pytest.param(a_snapshot(CLOSED), Code.OUTSIDE_WINDOW, id="before the window opens"),
        pytest.param(a_snapshot(OTHERS), Code.NO_AGREEMENT, id="somebody else's agreement"),
        pytest.param(a_snapshot(grants={}), Code.NO_AGREEMENT, id="none at all"),
    ],
)
def test_a_line_that_does_not_cover_is_named_by_its_doubt(snapshot: Snapshot, code: Code) -> None:
    """A refusal says which rule said no, so that nobody guesses."""
    with pytest.raises(Refusal) as refused:
        authorise(resolved(snapshot=snapshot))

    assert code is refused.value.code


@pytest.mark.parametrize(
    ("question", "code"),
    [
        pytest.param(asked(purpose="khong-co"), Code.PURPOSE_MISSING, id="unknown purpose"),
        pytest.param(asked(procedure=None), Code.PROCEDURE_REQUIRED, id="no procedure"),
        pytest.param(asked(dossier=None), Code.DOSSIER_REQUIRED, id="no dossier"),
        pytest.param(asked(procedure="9.999999"), Code.PROCEDURE_UNKNOWN, id="unknown procedure"),
    ],
)
def test_the_context_of_a_procedure_is_compulsory(question: Asked, code: Code) -> None:
    """Decision table, first row: reason, procedure code and dossier are compulsory."""
    with pytest.raises(Refusal) as refused:
        authorise(resolved(question))

    assert code is refused.value.code


def test_a_token_without_the_agreement_does_not_use_it() -> None:
    """A token carries the agreements it was asked for; others stay out of reach."""
    with pytest.raises(Refusal) as refused:
        authorise(resolved(principal=a_principal(scopes=frozenset())))

    assert Code.SCOPE_MISSING is refused.value.code


def test_the_closest_line_explains_the_refusal() -> None:
    """Of two lines the one that came furthest is named, not the first one found."""
    far = an_agreement(NO_FIELDS.scopes[0], code="TT-2026-0002")
    principal = a_principal(scopes=frozenset({"TT-2026-0001", "TT-2026-0002"}))

    with pytest.raises(Refusal) as refused:
        authorise(resolved(snapshot=a_snapshot(SUSPENDED, far), principal=principal))

    assert Code.FIELD_NOT_ALLOWED is refused.value.code
    assert "TT-2026-0002" == refused.value.facts["agreement"]


def test_a_purpose_that_is_no_procedure_needs_no_dossier() -> None:
    """Only procedures have dossiers; a bank is not asked for one here."""
    purpose = a_purpose(PurposeKind.THIRD_PARTY, "khach-hang")
    scope = a_scope(purposes=frozenset({"khach-hang"}), procedures=frozenset())
    snapshot = a_snapshot(an_agreement(scope), purposes={"khach-hang": purpose})

    authorised = authorise(
        resolved(asked(purpose="khach-hang", procedure=None, dossier=None), snapshot)
    )

    assert purpose is authorised.purpose


def a_detail(**members: tuple[str, ...]) -> AgreementDetail:
    """Return a detail of a token (RFC 9396) for the one agreement."""
    return AgreementDetail(type="motlan_agreement", identifier="TT-2026-0001", **members)


@pytest.mark.parametrize(
    "detail",
    [
        a_detail(),
        a_detail(services=("dancu.tracuu",)),
        a_detail(purposes=("giai-quyet-tthc",)),
    ],
)
def test_a_detail_that_covers_the_question_changes_nothing(detail: AgreementDetail) -> None:
    """The token is for it, and says so."""
    assert authorise(resolved(principal=a_principal(details=(detail,)))).allowed


@pytest.mark.parametrize(
    "detail", [a_detail(services=("dancu.xacthuc",)), a_detail(purposes=("thong-ke",))]
)
def test_what_a_detail_leaves_out_is_not_in_the_token(detail: AgreementDetail) -> None:
    """Whoever asked for less gets less, whatever the agreement says."""
    with pytest.raises(Refusal) as refused:
        authorise(resolved(principal=a_principal(details=(detail,))))

    assert Code.SCOPE_MISSING is refused.value.code
