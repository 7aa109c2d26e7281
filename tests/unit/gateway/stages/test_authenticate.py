"""The first stage: a proven token is good from the registered addresses alone."""

import pytest

from auth.credentials.places import places
from auth.possession.shown import Shown
from auth.principals import Principal
from gateway.errors import Code, Refusal
from gateway.stages.authenticate import Authenticate
from tests.builders import a_principal, asked


@pytest.mark.parametrize(
    ("ranges", "peer", "code"),
    [
        pytest.param((), "192.0.2.1", None, id="no ranges"),
        pytest.param((), "", None, id="no ranges, no address"),
        pytest.param(("10.1.0.0/16",), "10.1.2.3", None, id="inside"),
        pytest.param(("10.1.0.0/16",), "192.0.2.1", Code.ADDRESS_REFUSED, id="outside"),
        pytest.param(("10.1.0.0/16",), "", Code.ADDRESS_REFUSED, id="nobody knows"),
    ],
)
async def test_a_token_carried_elsewhere_is_refused_there(
    ranges: tuple[str, ...], peer: str, code: Code | None
) -> None:
    """Whoever took token and key along still has the wrong address."""
    principal = a_principal(places=places(ranges))

    async def admit(_token: str, _shown: Shown, _now: float) -> Principal:
        return principal

    stage = Authenticate(admit)
    if code is None:
        assert principal == (await stage(asked(peer=peer))).principal
        return
    with pytest.raises(Refusal) as refused:
        await stage(asked(peer=peer))

    assert code == refused.value.code


@pytest.mark.parametrize(
    ("token", "here", "code"),
    [
        pytest.param(True, False, Code.SANDBOX_REFUSED, id="a test token at real data"),
        pytest.param(True, True, None, id="a test token in the sandbox"),
        pytest.param(False, False, None, id="a live token at real data"),
    ],
)
async def test_a_system_of_the_sandbox_gets_no_real_data(
    code: Code | None, *, token: bool, here: bool
) -> None:
    """Its key lies in many places, and one person alone registered it."""
    principal = a_principal(sandbox=token)

    async def admit(_token: str, _shown: Shown, _now: float) -> Principal:
        return principal

    stage = Authenticate(admit, sandbox=here)
    if code is None:
        assert principal == (await stage(asked())).principal
        return
    with pytest.raises(Refusal) as refused:
        await stage(asked())

    assert code == refused.value.code
