"""Revocation, end to end: eight callers hold a token over two workers while it is taken back."""

from collections.abc import Iterator
from time import monotonic, time
from urllib.parse import urlencode

import pytest

from auth.assertions import ASSERTION_TYPE
from auth.client import client_assertion
from auth.identity import INTROSPECTION_PATH, REVOCATION_PATH
from gateway.calling.wire import Answer, send
from gateway.demo.province import Province
from gateway.errors import Code
from tests.load import Ask, Load
from tests.province import ANH, PERMIT, a_province, leaves_of, system_of, wait_until

CLIENT = "motcua-xa"
ASK = Ask(CLIENT, "dancu.xacthuc", {"subject": ANH, **PERMIT})
WARM, AFTER = 40, 60  # calls


@pytest.fixture(scope="module")
def province() -> Iterator[Province]:
    """Give a province with two workers."""
    with a_province() as running:
        yield running


def about(province: Province, path: str, token: str) -> Answer:
    """Ask one of the token endpoint's neighbours about *token*, as the system that holds it."""
    assertion = client_assertion(
        province.keys[CLIENT].private, client_id=CLIENT, audience=province.gateway, now=time()
    )
    form = {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        "token": token,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return send(province.gateway, "POST", path, urlencode(form).encode(), headers)


def test_no_exchange_after_the_200_is_answered_on_any_worker(province: Province) -> None:
    """RFC 7009 and promise P3: from the next commit on, whichever worker is asked."""
    with Load(province, [ASK], callers=8) as load:
        token = load.token(CLIENT)
        wait_until(lambda: load.fine() >= WARM, 30)
        before = about(province, INTROSPECTION_PATH, token)
        taken = about(province, REVOCATION_PATH, token)
        since = monotonic()
        wait_until(lambda: sum(call.began > since for call in load.calls) >= AFTER, 30)
        after = about(province, INTROSPECTION_PATH, token)

    later = [call for call in load.calls if call.began > since]
    assert (True, 200, {}, {"active": False}) == (
        before.body["active"],
        taken.status,
        taken.body,
        after.body,
    )
    assert {Code.TOKEN_REVOKED.value} == {call.code for call in later}
    (leaf,) = leaves_of(province, later[-1].exchange_id)
    assert ("deny", [Code.TOKEN_REVOKED.value]) == (leaf["type"], leaf["basis"]["reasons"])
    assert 200 == system_of(province, CLIENT).ask(ASK.service, ASK.question).status
