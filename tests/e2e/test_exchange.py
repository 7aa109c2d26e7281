"""An official behind a question: from the staff provider through a system to the record."""

from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlencode

import pytest

from auth.accounts.accounts import Act
from auth.accounts.signing_in import Accounts
from auth.client import client_assertion, exchange_form
from auth.forms import FORM
from gateway.calling.system import System
from gateway.calling.wire import Answer, send
from gateway.clock import utc_now
from gateway.database import engine, transaction
from gateway.demo.browsing import Browser
from gateway.demo.counter import Counter
from gateway.demo.province import Province
from gateway.demo.sign_on import STAFF, callback_of
from gateway.errors import Code
from tests.account_builders import blind
from tests.bound import FRONTED, HEADERS
from tests.browsers import provider_of
from tests.conftest import in_a_loop
from tests.province import ANH, PERMIT, a_province, exchange_of, leaves_of
from tests.sign_on_servers import prepare
from tests.sso import a_client

SYSTEM, SERVICE = "motcua-xa", "dancu.xacthuc"
WHOLE = {"subject": ANH, **PERMIT}
OURS, OTHERS = "CB-0001", "CB-0002"  # of the system's agency, and of another


@pytest.fixture(scope="module")
def accounts() -> dict[str, str]:
    """Give account ids by staff number; filled by the province."""
    return {}


@pytest.fixture(scope="module")
def province(accounts: dict[str, str]) -> Iterator[Province]:
    """Give a province in which two officials have accounts, and one system signs officials on."""
    with a_province(sign_on=True) as running:
        for number, agency in ((OURS, "H99.30.01"), (OTHERS, "H99.30.02")):
            accounts[number] = in_a_loop(partial(prepare, running.dsn, number, agency))
        in_a_loop(partial(registered, running))
        yield running


async def registered(province: Province) -> None:
    """Make the system a client of the staff provider, under its own name and key."""
    provider = provider_of(province)
    client = a_client(callback_of(SYSTEM), key=province.keys[SYSTEM].public)
    await provider.register(client, SYSTEM, realm="staff")
    await provider.close()


@pytest.fixture(scope="module")
def token_of(province: Province) -> Callable[[str], str]:
    """Give what signs an official on at the system's counter."""
    counter = Counter(
        province.sign_on.issuer(STAFF),
        SYSTEM,
        province.keys[SYSTEM],
        callback=callback_of(SYSTEM),
        resource=province.gateway,
    )
    return lambda number: counter.token_of(Browser(number.lower(), level=2), level=2)


def through(province: Province, token: str) -> System:
    """Return the system while the official of *token* sits at it."""
    key = province.keys[SYSTEM]
    return System(province.gateway, SYSTEM, key, binding=FRONTED, official=lambda: token)


def exchanged(province: Province, token: str, client_id: str = SYSTEM, **more: str) -> Answer:
    """Exchange *token* as a system; *more* are further members of the form."""
    assertion = client_assertion(
        province.keys[client_id].private,
        client_id=client_id,
        audience=province.gateway,
        now=utc_now().timestamp(),
    )
    body = exchange_form(assertion, token) + b"&" + urlencode(more).encode()
    return send(province.gateway, "POST", "/oauth/token", body, {"Content-Type": FORM, **HEADERS})


def test_the_official_reaches_the_record(
    province: Province, token_of: Callable[[str], str]
) -> None:
    """Whose question it was stands in the leaf, by pseudonym and strength."""
    answer = through(province, token_of(OURS)).ask(SERVICE, WHOLE)

    (leaf,) = leaves_of(province, exchange_of(answer))
    assert 200 == answer.status
    assert ("access", "H99.30.01", SYSTEM, "urn:motlan:acr:2") == (
        leaf["type"],
        leaf["actor"]["org"],
        leaf["actor"]["client"],
        leaf["actor"]["acr"],
    )
    assert 32 == len(leaf["actor"]["user"])
    assert OURS not in str(leaf)


def test_a_system_acts_for_its_own_agencys_officials_alone(
    province: Province, token_of: Callable[[str], str]
) -> None:
    """Each agency answers for its own people."""
    refused = exchanged(province, token_of(OTHERS))

    assert (400, "invalid_request", "official_not_admitted") == (
        refused.status,
        refused.body["error"],
        refused.body["code"],
    )


def test_another_system_cannot_use_what_it_found(
    province: Province, token_of: Callable[[str], str]
) -> None:
    """The official signed on at one system, not at all of them."""
    refused = exchanged(province, token_of(OURS), "thu-canbo")

    assert (400, "subject_token_invalid") == (refused.status, refused.body["code"])


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"scope": "TT-2026-9005"}, "invalid_scope"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"audience": "https://other.example"}, "invalid_target"),
        ({"actor_token": "x"}, "invalid_request"),
    ],
)
def test_an_exchange_widens_nothing(
    province: Province, token_of: Callable[[str], str], more: dict[str, str], error: str
) -> None:
    """RFC 8693 section 5: neither agreements nor audience nor another actor."""
    assert error == exchanged(province, token_of(OURS), **more).body["error"]


def test_what_was_exchanged_is_not_exchanged_again(
    province: Province, token_of: Callable[[str], str]
) -> None:
    """Nor is a token of ours ever taken for the provider's."""
    ours = exchanged(province, token_of(OURS)).body["access_token"]

    again = exchanged(province, ours)

    assert (400, "subject_token_invalid") == (again.status, again.body["code"])


def test_a_disabled_official_releases_nothing_more(
    province: Province, token_of: Callable[[str], str], accounts: dict[str, str]
) -> None:
    """Promise P3: the token lives on for minutes, and nothing leaves on it from the next commit."""
    token = token_of(OURS)
    system = through(province, token)
    before = system.ask(SERVICE, WHOLE)
    in_a_loop(partial(changed, province.dsn, accounts[OURS], Act.DISABLED))
    try:
        after, fresh = system.ask(SERVICE, WHOLE), exchanged(province, token)
    finally:
        in_a_loop(partial(changed, province.dsn, accounts[OURS], Act.ENABLED))
    again = system.ask(SERVICE, WHOLE)

    assert (200, Code.OFFICIAL_REQUIRED.value, 200) == (before.status, after.code, again.status)
    assert "official_not_admitted" == fresh.body["code"]


async def changed(dsn: str, account_id: str, act: Act) -> None:
    """Disable or enable an account."""
    database = engine(dsn, pool_connections=1)
    accounts = Accounts(lambda: transaction(database), blind)
    await accounts.change(account_id, act, by="cb-admin", reason="thử nghiệm", now=utc_now())
    await database.dispose()
