"""What the browser brings back."""

import pytest

from auth.signon.callback import LONGEST_CODE, code_of, parameters
from auth.signon.metadata import judge
from auth.signon.refusals import Ending, SignOnRefused
from tests.sign_on_builders import ATTEMPT, ISSUER, encoded, metadata_members

METADATA = judge(encoded(metadata_members()), ISSUER)
SILENT = judge(
    encoded(metadata_members(authorization_response_iss_parameter_supported=None)), ISSUER
)
GOOD = {"state": ATTEMPT.state, "code": "code-1", "iss": ISSUER}


def test_a_good_answer_holds_a_code() -> None:
    """The code is asked for later, once everything around it is right."""
    assert "code-1" == code_of(GOOD, ATTEMPT, METADATA)
    assert "code-1" == code_of({**GOOD, "iss": ISSUER}, ATTEMPT, SILENT)
    assert "code-1" == code_of({"state": ATTEMPT.state, "code": "code-1"}, ATTEMPT, SILENT)


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({"state": ""}, Ending.ATTEMPT_UNKNOWN),
        ({"state": ATTEMPT.state + "x"}, Ending.ATTEMPT_UNKNOWN),
        ({"state": "\udcff"}, Ending.ATTEMPT_UNKNOWN),
        ({"state": "", "error": "access_denied"}, Ending.ATTEMPT_UNKNOWN),
        ({"iss": ISSUER + "/"}, Ending.PROVIDER_UNTRUSTED),
        ({"iss": ""}, Ending.PROVIDER_UNTRUSTED),
        ({"iss": "https://other.example", "error": "access_denied"}, Ending.PROVIDER_UNTRUSTED),
        ({"error": "access_denied"}, Ending.SIGN_ON_CANCELLED),
        ({"error": "login_required"}, Ending.SIGN_ON_CANCELLED),
        ({"error": "unmet_authentication_requirements"}, Ending.ASSURANCE_TOO_LOW),
        ({"error": "temporarily_unavailable"}, Ending.PROVIDER_UNAVAILABLE),
        ({"error": "invalid_request"}, Ending.PROVIDER_REFUSED),
        ({"error": ""}, Ending.PROVIDER_REFUSED),
        ({"code": ""}, Ending.PROVIDER_UNTRUSTED),
        ({"code": "a\nb"}, Ending.PROVIDER_UNTRUSTED),
        ({"code": "x" * (LONGEST_CODE + 1)}, Ending.PROVIDER_UNTRUSTED),
    ],
)
def test_an_answer_that_is_wrong_ends_by_what_is_wrong(
    changes: dict[str, str], ending: Ending
) -> None:
    """State first, then who answers, then what: an error of another issuer says nothing."""
    with pytest.raises(SignOnRefused) as refused:
        code_of({**GOOD, **changes}, ATTEMPT, METADATA)
    assert ending is refused.value.ending


def test_an_announced_issuer_must_be_there() -> None:
    """Leaving it out is how a mix-up begins (RFC 9207 section 2.4)."""
    with pytest.raises(SignOnRefused) as refused:
        code_of({"state": ATTEMPT.state, "code": "c"}, ATTEMPT, METADATA)
    assert Ending.PROVIDER_UNTRUSTED is refused.value.ending


def test_what_was_sent_is_not_quoted() -> None:
    """An error page that repeats its address can be written by anybody."""
    sent = "<script>alert(1)</script>"
    with pytest.raises(SignOnRefused) as refused:
        code_of({**GOOD, "error": sent, "error_description": sent}, ATTEMPT, METADATA)
    assert "script" not in refused.value.fact


@pytest.mark.parametrize(
    "query", ["code=a&code=b", "state=a&state=a", "&".join(f"p{n}=1" for n in range(21))]
)
def test_a_parameter_that_comes_twice_is_refused(query: str) -> None:
    """Which of the two would count?"""
    with pytest.raises(SignOnRefused) as refused:
        parameters(query)
    assert Ending.PROVIDER_UNTRUSTED is refused.value.ending


def test_parameters_are_read_as_browsers_write_them() -> None:
    """Empty ones count as sent."""
    assert {"code": "a b", "state": "", "iss": ISSUER} == parameters(
        "code=a+b&state=&iss=https%3A%2F%2Fsso.h99.example"
    )
