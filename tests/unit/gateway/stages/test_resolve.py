"""The second stage: only published versions answer (promise P8)."""

from datetime import timedelta

import pytest

from auth.principals import Official
from catalog.entries import ServiceState, ServiceVersion
from gateway.errors import Code, Refusal
from gateway.stages.evidence import Asked, Identified
from gateway.stages.resolve import Resolve
from tests.builders import (
    NOON,
    a_principal,
    a_service,
    a_snapshot,
    a_subject,
    asked,
    identified,
)


def resolving(service: ServiceVersion) -> Resolve:
    """Return the stage over a catalog of one service."""
    snapshot = a_snapshot(services={service.code: service})
    return Resolve(lambda: snapshot)


def test_a_published_service_answers() -> None:
    """The way in: a published version, a question that fits it."""
    service = a_service()

    assert service is resolving(service)(identified()).service


@pytest.mark.parametrize(
    ("service", "code"),
    [
        pytest.param(a_service(code="khac"), Code.SERVICE_UNKNOWN, id="not published"),
        pytest.param(a_service(state=ServiceState.DISABLED), Code.SERVICE_DISABLED, id="disabled"),
        pytest.param(a_service(state=ServiceState.RETIRED), Code.VERSION_RETIRED, id="retired"),
        pytest.param(
            a_service(state=ServiceState.DEPRECATED, sunset=NOON),
            Code.VERSION_RETIRED,
            id="at its sunset",
        ),
        pytest.param(a_service(official_required=True), Code.OFFICIAL_REQUIRED, id="no official"),
    ],
)
def test_a_service_that_may_not_answer_says_why(service: ServiceVersion, code: Code) -> None:
    """Each way a version can be closed has a code of its own."""
    with pytest.raises(Refusal) as refused:
        resolving(service)(identified())

    assert code is refused.value.code


@pytest.mark.parametrize(
    ("demanded", "shown", "allowed"), [(1, 1, True), (1, 2, True), (2, 2, True), (2, 1, False)]
)
def test_a_service_demands_how_strongly_its_official_has_signed_on(
    demanded: int, shown: int, *, allowed: bool
) -> None:
    """The level that the staff provider proved travels in the token to here."""
    service = a_service(official_required=True, official_level=demanded)
    official = Official(id="u-1", agency="H99.30.01", acr="a", level=shown)
    asking = Identified(asked(), a_principal(official=official))

    if allowed:
        assert service is resolving(service)(asking).service
    else:
        with pytest.raises(Refusal, match=Code.ASSURANCE_TOO_LOW.value):
            resolving(service)(asking)


def test_a_deprecated_service_answers_until_its_sunset() -> None:
    """Callers get the notice period they were promised."""
    service = a_service(state=ServiceState.DEPRECATED, sunset=NOON + timedelta(seconds=1))

    assert service is resolving(service)(identified()).service


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        pytest.param(asked(fields=("khac",)), "/fields/0", id="unknown field"),
        pytest.param(asked(subject=a_subject(ho_ten=None)), "/subject/ho_ten", id="missing member"),
        pytest.param(asked(subject=a_subject(so_to="1")), "/subject/so_to", id="unused member"),
    ],
)
def test_a_question_that_does_not_fit_is_told_where(question: Asked, pointer: str) -> None:
    """Exact errors: a JSON pointer to each member, never its value."""
    with pytest.raises(Refusal) as refused:
        resolving(a_service())(identified(question))

    assert [pointer] == [each["pointer"] for each in refused.value.facts["errors"]]  # type: ignore[attr-defined]
