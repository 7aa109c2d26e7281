"""Token exchange: which official acts, by whose token, through whose system."""

import pytest

from auth.claims import Confirmation
from auth.delegation.subjects import Acting, Subjects
from auth.errors import TokenExpired, TokenInvalid, TokenMissing
from auth.forms import ACCESS_TOKEN
from auth.principals import Official
from auth.replies import Declined
from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.staff_tokens import StaffToken
from tests.delegation_builders import (
    OFFICIAL,
    THUMB,
    FakeOfficials,
    FakeTokens,
    a_staff_token,
)
from tests.party_builders import NOON_S, a_system

FORM = {"subject_token": "st", "subject_token_type": ACCESS_TOKEN}


async def acting(
    outcome: StaffToken | Exception,
    form: dict[str, str] = FORM,
    bound: Confirmation | None = None,
    *,
    active: bool = True,
) -> Acting:
    """Judge the official behind the commune's one-stop system."""
    subjects = Subjects(FakeTokens(outcome), FakeOfficials(active=active))
    return await subjects.acting(form, a_system(), bound, NOON_S)


async def test_an_official_of_the_same_agency_acts() -> None:
    """With all that the leaf will say, and for no longer than the token lives."""
    found = await acting(a_staff_token())

    assert (
        Official(
            id=OFFICIAL,
            agency="H99.30.01",
            acr="urn:sso:2",
            amr=("pwd", "otp"),
            name="Lê Văn Ba",
            level=2,
            auth_time=NOON_S - 600,
        ),
        NOON_S + 600,
    ) == (found.official, found.until)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        pytest.param({"subject_token": None}, "subject_token is missing", id="no token"),
        pytest.param({"subject_token_type": None}, "must be that of an access", id="no type"),
        pytest.param(
            {"subject_token_type": ACCESS_TOKEN.replace("access", "id")},
            "must be that of an access",
            id="an ID token",
        ),
        pytest.param(
            {"requested_token_type": ACCESS_TOKEN.replace("access", "refresh")},
            "only access tokens",
            id="a refresh token wanted",
        ),
        pytest.param({"actor_token": "x"}, "actor token", id="an actor token"),
        pytest.param({"actor_token_type": ACCESS_TOKEN}, "actor token", id="its type alone"),
    ],
)
async def test_only_access_tokens_are_exchanged(changes: dict[str, str | None], fact: str) -> None:
    """RFC 8693 section 2.1; nothing is passed over that somebody may rely on."""
    tokens = FakeTokens(a_staff_token())
    form = {name: value for name, value in (FORM | changes).items() if value is not None}

    with pytest.raises(Declined, match="validation_failed") as declined:
        await Subjects(tokens, FakeOfficials()).acting(form, a_system(), None, NOON_S)

    assert fact in (declined.value.fact or "")
    assert [] == tokens.judged


@pytest.mark.parametrize(
    "outcome", [TokenMissing(), TokenExpired(), TokenInvalid("the issuer is another")]
)
async def test_a_token_that_proves_nothing_is_refused_in_the_words_of_the_rfc(
    outcome: Exception,
) -> None:
    """RFC 8693 section 2.2.2: `invalid_request`, whatever is wrong with it."""
    with pytest.raises(Declined) as declined:
        await acting(outcome)

    assert (400, "invalid_request", "subject_token_invalid") == (
        declined.value.refused.status,
        declined.value.refused.error,
        declined.value.refused.code,
    )


async def test_a_provider_that_is_away_is_no_fault_of_the_caller() -> None:
    """Try again, says the answer."""
    with pytest.raises(Declined) as declined:
        await acting(SignOnRefused(Ending.PROVIDER_UNAVAILABLE, "no answer"))

    assert (503, "provider_unavailable") == (
        declined.value.refused.status,
        declined.value.refused.code,
    )


@pytest.mark.parametrize(
    ("token", "bound"),
    [
        pytest.param({"client_id": "an-sinh"}, None, id="another system's"),
        pytest.param({"key_thumbprint": "k"}, None, id="bound, nothing proven"),
        pytest.param({"key_thumbprint": "k"}, Confirmation(jkt="other"), id="another key"),
        pytest.param({"key_thumbprint": "k"}, Confirmation(certificate="k"), id="crosswise"),
        pytest.param(
            {"certificate_thumbprint": THUMB}, Confirmation(certificate="B"), id="another cert"
        ),
        pytest.param(
            {"client_id": "an-sinh", "key_thumbprint": ""}, Confirmation(jkt=""), id="empty keys"
        ),
    ],
)
async def test_a_token_given_to_somebody_else_is_not_exchanged(
    token: dict[str, object], bound: Confirmation | None
) -> None:
    """Otherwise every system an official ever signed on at could act for them here."""
    with pytest.raises(Declined) as declined:
        await acting(a_staff_token(**token), bound=bound)

    assert "subject_token_invalid" == declined.value.refused.code


@pytest.mark.parametrize(
    ("token", "bound"),
    [
        ({"key_thumbprint": "k"}, Confirmation(jkt="k")),
        ({"certificate_thumbprint": THUMB}, Confirmation(certificate=THUMB)),
        ({"key_thumbprint": "k", "client_id": "an-sinh"}, Confirmation(jkt="k")),
    ],
)
async def test_the_proven_key_is_as_good_as_the_name(
    token: dict[str, object], bound: Confirmation
) -> None:
    """The provider bound it to the key that this very request has proven."""
    assert OFFICIAL == (await acting(a_staff_token(**token), bound=bound)).official.id


@pytest.mark.parametrize(
    ("token", "active", "fact"),
    [
        pytest.param({"agency": "H99.30.02"}, True, "another agency", id="another agency"),
        pytest.param({"agency": None}, True, "another agency", id="no agency"),
        pytest.param({"level": 0}, True, "strength", id="an unknown strength"),
        pytest.param({}, False, "account_disabled", id="a disabled account"),
    ],
)
async def test_not_every_official_may_act(
    token: dict[str, object], *, active: bool, fact: str
) -> None:
    """The system's own agency, an active account, a sign-on that counts."""
    with pytest.raises(Declined) as declined:
        await acting(a_staff_token(**token), active=active)

    assert "official_not_admitted" == declined.value.refused.code
    assert fact in (declined.value.fact or "")
