"""The doors of the sign-on's stand-in, the faults below the protocol, and the command."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from auth.client import new_client_key
from mocks.config import Realm, Sso, load
from mocks.faults import Fault
from mocks.sso.lies import Lie
from mocks.sso.staff import POSTS
from tests.integration.mocks.sso.reading import claims, header
from tests.integration.mocks.sso.relying import CALLBACK, Party
from tests.registers import CONTRACTS
from tests.sso import CLIENT_ID, Provider, a_client, a_provider

README = (CONTRACTS / "README.md").read_text()


async def kids(party: Party) -> list[str]:
    """Return the ids of the published keys, the newest first."""
    return [key["kid"] for key in (await party.get("jwks")).json()["keys"]]


async def test_a_rotation_with_overlap_keeps_the_old_key(staff: Party, sso: Provider) -> None:
    """Tokens signed a moment ago are verified a moment later."""
    before = await kids(staff)
    await sso.rotate(overlap=True)
    signed = header((await staff.redeem(await staff.code("cb-0001"))).json()["id_token"])["kid"]

    assert [signed, *before] == await kids(staff)
    assert signed not in before


async def test_a_rotation_without_overlap_leaves_one_key(staff: Party, sso: Provider) -> None:
    """A key that was stolen is gone at once."""
    before = await kids(staff)
    await sso.rotate(overlap=False)

    assert 1 == len(await kids(staff))
    assert before != await kids(staff)


async def test_old_keys_do_not_pile_up(staff: Party, sso: Provider) -> None:
    """A key set is small, however often the keys change."""
    for _ in range(5):
        await sso.rotate(overlap=True)

    assert 3 == len(await kids(staff))


async def test_one_realm_can_rotate_alone(staff: Party, citizens: Party, sso: Provider) -> None:
    """They are two providers."""
    before = await kids(citizens)
    await sso.rotate(overlap=False, realm="staff")

    assert before == await kids(citizens)
    assert 1 == len(await kids(staff))


async def test_the_clock_can_be_wrong(staff: Party, sso: Provider) -> None:
    """Clocks of two houses are never the same."""
    plain = claims((await staff.redeem(await staff.code("cb-0001"))).json()["id_token"])
    await sso.set_clock(9)
    ahead = claims((await staff.redeem(await staff.code("cb-0001"))).json()["id_token"])

    assert 9 <= ahead["iat"] - plain["iat"] < 60


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/__faults/nonsense", 404),
        ("POST", "/__faults/unsigned?times=many", 400),
        ("POST", "/__faults/unsigned?times=-2", 400),
        ("POST", "/__clock?ahead=soon", 400),
        ("PUT", "/__clients/x", 400),
        ("GET", "/__nonsense", 404),
        ("GET", "/__health", 200),
    ],
)
async def test_a_door_refuses_what_it_does_not_know(
    sso: Provider, method: str, path: str, status: int
) -> None:
    """A misspelt order that passes silently makes a test that cannot fail."""
    async with httpx.AsyncClient(base_url=sso.base) as client:
        assert status == (await client.request(method, path)).status_code


async def test_the_doors_list_faults_and_lies(sso: Provider) -> None:
    """Whoever tests looks them up here."""
    async with httpx.AsyncClient(base_url=sso.base) as client:
        listed = (await client.get("/__faults")).json()["faults"]

    assert [*Fault, *Lie] == listed


def test_the_page_of_the_contracts_lists_every_lie_and_every_post() -> None:
    """A table that is copied by hand is wrong a week later."""
    section = README.partition("## Sign-on")[2]

    assert [] == [lie for lie in Lie if f"`{lie}`" not in section]
    assert [] == [
        post.number
        for post in POSTS
        if f"| {post.number} | {post.name} | {post.agency} | {post.post} |" not in section
    ]


async def test_the_page_of_the_contracts_lists_every_citizen(sso: Provider) -> None:
    """The same, for the other realm."""
    async with httpx.AsyncClient(base_url=sso.base) as client:
        people = (await client.get("/__personas", params={"realm": "citizens"})).json()
    listed = README.partition("able to act: ")[2].partition(".")[0].split(", ")

    assert [*listed, "dn01"] == [each["id"] for each in people["citizens"]]


def test_the_configuration_on_the_page_is_one(tmp_path: Path) -> None:
    """Operators copy it."""
    written = README.partition("## Sign-on")[2].partition("```json\n")[2].partition("```")[0]
    (tmp_path / "sso.json").write_text(written)
    client = load(tmp_path / "sso.json").sso.staff.clients["motlan"]

    assert "http://127.0.0.1:8200/sign-on/staff/callback" in client.redirect_uris


async def test_a_fault_can_be_kept_to_one_endpoint(staff: Party, sso: Provider) -> None:
    """The provider's token endpoint is down; its metadata still answers."""
    await sso.fault("error-500", times=-1, under="/realms/staff/token")
    code = await staff.code("cb-0001")
    failed = await staff.redeem(code)
    await sso.fault("error-500", times=0)

    assert (500, "server_error") == (failed.status_code, failed.json()["error"])
    assert 200 == (await staff.redeem(code)).status_code


async def test_faults_reach_below_the_protocol(staff: Party, sso: Provider) -> None:
    """The same faults as every register's."""
    path = ".well-known/openid-configuration"
    await sso.fault("garbled")
    garbled = await staff.get(path)
    await sso.fault("half-closed")
    with pytest.raises(httpx.RemoteProtocolError):
        await staff.get(path)
    await sso.fault("schema-drift")
    drifted = await staff.get(path)

    assert b"\x00" in garbled.content
    assert {"Issuer"} == {name for name in drifted.json() if name.lower() == "issuer"}


async def test_a_registration_can_stand_in_the_configuration() -> None:
    """The demo starts it with a file."""
    key = new_client_key()
    clients = {CLIENT_ID: a_client(CALLBACK, key=key.public)}
    settings = Sso(staff=Realm(clients=clients, par="offered"))
    async with a_provider(settings=settings) as provider:
        party = Party(provider, "staff", key)
        pushed = await party.push()
        metadata = (await party.get(".well-known/openid-configuration")).json()
        await party.close()

    assert (201, False) == (pushed.status_code, metadata["require_pushed_authorization_requests"])


async def test_a_realm_can_be_without_pushed_requests() -> None:
    """Many providers are; a relying party pushes when that is offered."""
    async with a_provider(settings=Sso(staff=Realm(par="absent"))) as provider:
        party = Party(provider, "staff")
        await party.register()
        metadata = (await party.get(".well-known/openid-configuration")).json()
        refused = await party.push()
        await party.close()

    assert 404 == refused.status_code
    assert "pushed_authorization_request_endpoint" not in metadata


async def test_the_command_serves_both_realms() -> None:
    """The demo starts it as a process and waits for this line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mocks", "sso", "--port", "0"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    base = line.split()[-1]
    async with httpx.AsyncClient() as client:
        told = [
            (await client.get(f"{base}/realms/{realm}/.well-known/openid-configuration")).json()
            for realm in ("staff", "citizens")
        ]
    process.terminate()

    assert 0 == await asyncio.wait_for(process.wait(), 30)
    assert line.startswith("sso ready on http://127.0.0.1:")
    assert [f"{base}/realms/staff", f"{base}/realms/citizens"] == [each["issuer"] for each in told]
