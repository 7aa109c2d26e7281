"""Whatever is asked, the sign-on's stand-in answers in its own words and does not break."""

from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from auth.client import client_assertion, new_client_key
from mocks.config import Client, Realm, Sso
from mocks.sso.clients import ASSERTION
from mocks.sso.doors import ProviderDoors
from mocks.sso.provider import ENDPOINTS, Provider
from mocks.wire import Request
from tests.integration.mocks.sso.relying import CALLBACK, wishes
from tests.sso import CLIENT_ID

KEY = new_client_key()
CLIENT = Client(redirect_uris=(CALLBACK,), jwks={"keys": [dict(KEY.public)]})
KNOWN = {CLIENT_ID: CLIENT}
NAMES = [*wishes(), "client_assertion", "client_assertion_type", "grant_type", "code", "page"]
NAMES += ["persona", "level", "answer", "id_token_hint", "post_logout_redirect_uri", "request_uri"]
FORMS = st.one_of(
    st.binary(max_size=80),
    st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)).map(
        lambda changed: urlencode(wishes() | changed, errors="replace").encode()
    ),
)


def a_provider() -> Provider:
    """Return a provider without a socket that knows one client."""
    provider = Provider(
        Sso(staff=Realm(clients=KNOWN), citizens=Realm(clients=KNOWN, par="absent"))
    )
    provider.settle("http://127.0.0.1:9105")
    return provider


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["staff", "citizens", "x"]),
    st.sampled_from([*ENDPOINTS, "x"]),
    FORMS,
    st.text(max_size=40),
)
def test_no_request_breaks_it(
    method: str, realm: str, endpoint: str, form: bytes, header: str
) -> None:
    """A stand-in that breaks would blame the relying party for its own fault."""
    provider = a_provider()
    headers = {"authorization": header, "cookie": header}
    query = form.decode("latin-1") if method == "GET" else ""
    request = Request(method, f"/realms/{realm}/{endpoint}", query, headers, form)

    waiting = provider.unread(request)
    reply = provider.answer(request)

    assert waiting is None
    assert reply.status in {200, 303, 400, 401, 404}


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text(max_size=9), st.lists, max_leaves=3))
def test_no_claim_in_an_assertion_breaks_it(value: object) -> None:
    """Signed nonsense is nonsense."""
    provider = a_provider()
    good = client_assertion(KEY.private, client_id=CLIENT_ID, audience="x", now=0)
    for assertion in (good, f"{good}{value}", str(value), f"{value}.{value}.{value}"):
        form = {"client_assertion_type": ASSERTION, "client_assertion": assertion}
        body = urlencode(form, errors="replace").encode()
        reply = provider.answer(Request("POST", "/realms/staff/token", "", {}, body))

        assert 401 == reply.status


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.sampled_from(["faults", "keys", "clock", "clients", "personas", "sessions", "logouts", "x"]),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_no_door_breaks_it(method: str, door: str, name: str, query: str) -> None:
    """A test that orders nonsense is told so."""
    doors = ProviderDoors(a_provider())
    reply = doors.answer(Request(method, f"/__{door}/{name}", query, {}, query.encode()))

    assert reply.status in {200, 400, 404}
