"""The two ways out."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.signon import logout
from auth.signon.metadata import judge
from auth.signon.refusals import Ending, SignOnRefused
from tests.sign_on_builders import (
    ISSUER,
    NOW,
    PROVIDER,
    encoded,
    id_members,
    metadata_members,
    sealed,
)

SECONDS = int(NOW.timestamp())
BACK = "https://gateway.example/signed-out"


def logout_members(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good logout token; a change to None leaves a claim out."""
    good = {
        "iss": ISSUER,
        "aud": PROVIDER.client_id,
        "iat": SECONDS,
        "exp": SECONDS + 120,
        "jti": "logout-1",
        "events": {logout.EVENT: {}},
        "sub": "sub-Ab1",
        "sid": "sid-1",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def address(**changes: Any) -> str | None:
    """Return where a browser leaves the provider."""
    return logout.address(
        judge(encoded(metadata_members(**changes)), ISSUER),
        PROVIDER,
        id_token=sealed(id_members()),
        back_to=BACK,
        state="state-1",
    )


def test_a_good_token_names_a_session_or_a_person() -> None:
    """A session id ends one session, a subject alone all of them."""
    told = logout.judge(encoded(logout_members()), PROVIDER, SECONDS)
    of_person = logout.judge(encoded(logout_members(sid=None)), PROVIDER, SECONDS)

    assert ("sub-Ab1", "sid-1", "logout-1") == (told.whose.sub, told.whose.sid, told.jti)
    assert of_person.whose.sid is None
    assert SECONDS + 120 == told.expires_at


@pytest.mark.parametrize(
    "changes",
    [
        *({"iss": "https://other.example"}, {"aud": "another"}, {"aud": [PROVIDER.client_id, "b"]}),
        *({"events": None}, {"events": {}}, {"events": {logout.EVENT: 1}}, {"nonce": "n"}),
        *(
            {"nonce": ""},
            {"sub": None, "sid": None},
            {"jti": None},
            {"jti": ""},
            {"jti": "x" * 257},
        ),
        *({"jti": "\ud800"}, {"sid": "x" * 257}, {"iat": SECONDS + 11}, {"iat": None}),
        *({"exp": SECONDS}, {"exp": None}, {"exp": SECONDS + 611}),
    ],
    ids=str,
)
def test_one_wrong_claim_is_enough(changes: dict[str, Any]) -> None:
    """Whoever could forge one would send every official home."""
    with pytest.raises(SignOnRefused) as refused:
        logout.judge(encoded(logout_members(**changes)), PROVIDER, SECONDS)
    assert Ending.LOGOUT_REFUSED is refused.value.ending


def test_the_browser_takes_the_hint_along() -> None:
    """The provider knows whose session it is without asking."""
    query = parse_qs(urlsplit(address() or "").query)

    assert [BACK] == query["post_logout_redirect_uri"]
    assert {"id_token_hint", "client_id", "state", "post_logout_redirect_uri"} == query.keys()


def test_a_provider_without_such_a_place_is_left_alone() -> None:
    """Then our own session is what ends."""
    assert address(end_session_endpoint=None) is None


def test_a_place_that_has_a_query_keeps_it() -> None:
    """Some providers tell their realms apart by one."""
    assert (address(end_session_endpoint=f"{ISSUER}/end?realm=a") or "").startswith(
        f"{ISSUER}/end?realm=a&id_token_hint="
    )


@pytest.mark.parametrize(
    "token",
    [
        sealed(id_members(SoDinhDanh="003190000123")),
        sealed(id_members(sub="003190000123")),
        sealed(id_members(more={"deep": ["003190000123"]})),
        "not a token",
    ],
    ids=["claim", "subject", "deep", "unreadable"],
)
def test_no_person_s_number_goes_into_an_address(token: str) -> None:
    """Addresses are kept by browsers, proxies and the provider's own log (P6)."""
    left = logout.address(
        judge(encoded(metadata_members()), ISSUER),
        PROVIDER,
        id_token=token,
        back_to=BACK,
        state="state-1",
    )

    assert "id_token_hint" not in (left or "")
