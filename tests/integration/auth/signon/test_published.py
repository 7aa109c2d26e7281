"""What a provider publishes is fetched once, kept, and found anew when it changes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from auth.errors import SignatureRefused
from auth.jose import new_private_jwk, signing_key
from auth.outbound import Outbound
from auth.signon.id_tokens import TYPES
from auth.signon.published import Ages, Published
from auth.signon.refusals import Ending, SignOnRefused
from tests.scripted_provider import Said, Script, a_script, told
from tests.sign_on_builders import LOOPBACK, id_members, sealed

NEW = signing_key(new_private_jwk("EdDSA"))
WELL_KNOWN = "/.well-known/openid-configuration"
AGES = Ages()


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    """Give a provider with one key."""
    async with a_script() as made:
        made.publish()
        yield made


def published(script: Script, ages: Ages = AGES, timeout_s: float = 5) -> Published:
    """Return our memory of the provider."""
    outbound = Outbound(networks=LOOPBACK, timeout_s=timeout_s)
    return Published(script.base, outbound, ages=ages)


async def test_many_who_ask_at_once_fetch_once(script: Script) -> None:
    """The first minute of a working day must not be an attack on the provider."""
    memory = published(script)
    token = sealed(id_members())

    await asyncio.gather(*(memory.verified(token, TYPES, 0.0) for _ in range(50)))
    assert (1, 1) == (script.count(WELL_KNOWN), script.count("/jwks"))


async def test_a_new_key_is_fetched_once_however_many_wait_for_it(script: Script) -> None:
    """A rotation under load costs the provider one answer."""
    memory = published(script)
    await memory.verified(sealed(id_members()), TYPES, 0.0)
    script.publish(NEW)
    token = sealed(id_members(), key=NEW)

    await asyncio.gather(*(memory.verified(token, TYPES, 1.0) for _ in range(50)))
    assert 2 == script.count("/jwks")
    with pytest.raises(SignatureRefused):
        await memory.verified(sealed(id_members()), TYPES, 2.0)


async def test_invented_key_ids_do_not_make_us_ask_without_end(script: Script) -> None:
    """Anybody can post a logout token; nobody shall aim us at the provider with it."""
    memory = published(script)
    await memory.verified(sealed(id_members()), TYPES, 0.0)
    for number in range(20):
        stranger = signing_key(new_private_jwk("ES256"))
        with pytest.raises(SignatureRefused):
            await memory.verified(sealed(id_members(), key=stranger), TYPES, float(number))
    assert 1 + AGES.burst == script.count("/jwks")

    script.publish(NEW)
    later = AGES.per_s + 1
    assert b"sub-Ab1" in await memory.verified(sealed(id_members(), key=NEW), TYPES, later)


async def test_a_wrong_signature_by_a_known_key_is_no_reason_to_ask(script: Script) -> None:
    """Only an id that is not known can be a new one."""
    memory = published(script)
    head, payload, _ = sealed(id_members()).split(".")
    forged = f"{head}.{payload}.{sealed(id_members(sub='other')).rpartition('.')[2]}"

    with pytest.raises(SignatureRefused):
        await memory.verified(forged, TYPES, 0.0)
    assert 1 == script.count("/jwks")


async def test_a_withdrawn_key_is_forgotten_when_the_set_grows_old(script: Script) -> None:
    """A stolen key is good for a quarter of an hour at most."""
    memory = published(script)
    token = sealed(id_members())
    await memory.verified(token, TYPES, 0.0)
    script.publish(NEW)

    await memory.verified(token, TYPES, AGES.keys_s - 1)
    with pytest.raises(SignatureRefused):
        await memory.verified(token, TYPES, AGES.keys_s)


async def test_what_is_known_serves_while_the_provider_is_away(script: Script) -> None:
    """Logout tokens and officials' tokens are judged through an outage, for a day."""
    memory = published(script)
    token = sealed(id_members())
    await memory.verified(token, TYPES, 0.0)
    script.lines = {"/jwks": Said(503), WELL_KNOWN: Said(503)}

    await memory.verified(token, TYPES, AGES.stale_s - 1)
    with pytest.raises(SignOnRefused) as refused:
        await memory.verified(token, TYPES, AGES.stale_s + AGES.retry_s)
    assert Ending.PROVIDER_UNAVAILABLE is refused.value.ending


async def test_a_provider_that_contradicts_itself_is_not_served_from_memory(
    script: Script,
) -> None:
    """Being away is no lie; naming another issuer is."""
    memory = published(script)
    await memory.metadata(0.0)
    script.publish(issuer="https://other.example")

    with pytest.raises(SignOnRefused) as refused:
        await memory.metadata(AGES.metadata_s)
    assert Ending.PROVIDER_UNTRUSTED is refused.value.ending


async def test_those_who_wait_for_a_silent_provider_wait_once(script: Script) -> None:
    """The second of fifty must not wait for fifty timeouts."""
    script.lines[WELL_KNOWN] = Said(after_s=60)
    memory = published(script, timeout_s=0.3)

    ends = await asyncio.gather(*(memory.metadata(0.0) for _ in range(50)), return_exceptions=True)
    assert {Ending.PROVIDER_UNAVAILABLE} == {
        end.ending for end in ends if isinstance(end, SignOnRefused)
    }
    assert (50, 1) == (len(ends), script.count(WELL_KNOWN))


async def test_one_waits_for_newer_keys_and_the_others_do_not(script: Script) -> None:
    """A provider that grew slow must not slow down what its old keys still prove."""
    memory = published(script)
    token = sealed(id_members())
    await memory.verified(token, TYPES, 0.0)
    good = script.lines["/jwks"]
    script.lines["/jwks"] = Said(after_s=60)
    waits = asyncio.ensure_future(memory.verified(token, TYPES, AGES.keys_s))
    while script.count("/jwks") < 2:
        await asyncio.sleep(0.01)

    assert b"sub-Ab1" in await memory.verified(token, TYPES, AGES.keys_s)
    assert not waits.done()
    waits.cancel()
    script.lines["/jwks"] = good
    assert b"sub-Ab1" in await memory.verified(token, TYPES, AGES.keys_s)


async def test_a_provider_that_comes_back_is_asked_again_soon(script: Script) -> None:
    """After a few seconds, not after an hour."""
    script.lines[WELL_KNOWN] = Said(500)
    memory = published(script)
    for now in (0.0, AGES.retry_s - 1):
        with pytest.raises(SignOnRefused):
            await memory.metadata(now)
    assert 1 == script.count(WELL_KNOWN)

    script.publish()
    assert script.base == (await memory.metadata(AGES.retry_s)).issuer


async def test_whoever_gives_up_waiting_stops_nobody_else(script: Script) -> None:
    """A browser that is closed must not take the fetch of the others along."""
    good = script.lines[WELL_KNOWN]
    script.lines[WELL_KNOWN] = Said(after_s=30)
    memory = published(script)
    first = asyncio.ensure_future(memory.metadata(0.0))
    while not script.asked:
        await asyncio.sleep(0.01)
    second = asyncio.ensure_future(memory.metadata(0.0))
    await asyncio.sleep(0)
    script.lines[WELL_KNOWN] = good
    first.cancel()

    assert script.base == (await second).issuer
    assert first.cancelled()


@pytest.mark.parametrize("line", [told({"keys": 7}), Said(200, b"<html>")], ids=["shape", "page"])
async def test_keys_that_cannot_be_read_are_no_keys(script: Script, line: Said) -> None:
    """And nobody signs on by them."""
    script.lines["/jwks"] = line

    with pytest.raises(SignOnRefused) as refused:
        await published(script).verified(sealed(id_members()), TYPES, 0.0)
    assert Ending.PROVIDER_UNTRUSTED is refused.value.ending
