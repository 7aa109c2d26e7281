"""The door: a token is good in the hands it is bound to, and in no others."""

from typing import Any

import pytest

from auth.errors import (
    BindingRequired,
    CertificateMismatch,
    CertificateMissing,
    KeyMismatch,
    MemoryUnavailable,
    NonceDemanded,
    PartyError,
    ProofMissing,
    ProofRefused,
    ProofReplayed,
    SchemeWrong,
    TokenExpired,
)
from auth.possession.desk import ProofDesk
from auth.possession.door import Door
from auth.possession.nonces import PERIOD_S, Nonces
from auth.possession.shown import Shown
from auth.principals import Principal
from tests.builders import a_principal
from tests.possession_builders import KEY, NOW, OTHER, TOKEN, URL, a_proof
from tests.unit.auth.possession.test_desk import FakeUses

NONCES = Nonces(lambda: [b"1" * 32])
OF_KEY: dict[str, Any] = {"key_thumbprint": KEY.thumbprint}
OF_CERTIFICATE: dict[str, Any] = {"certificate_thumbprint": "cert"}


def a_door(uses: FakeUses | None = None, *, demand_nonce: bool = False, **bound: Any) -> Door:
    """Return a door that believes every token to be of this binding."""

    def verify(token: str, now: float) -> Principal:
        del token, now
        return a_principal(**bound)

    desk = ProofDesk(uses or FakeUses(), NONCES)
    return Door(verify, desk, demand_nonce=demand_nonce)


def shown(**changes: Any) -> Shown:
    """Return what comes with a question."""
    about: dict[str, Any] = {"method": "POST", "url": URL}
    return Shown(**(about | changes))


def with_proof(proof: str | None = None, **changes: Any) -> Shown:
    """Return a question under the scheme DPoP."""
    return shown(**({"dpop": True, "proof": proof or a_proof()} | changes))


async def test_whoever_proves_the_key_is_admitted() -> None:
    """Scheme, proof and key are those of the token."""
    principal = await a_door(**OF_KEY).admit(TOKEN, with_proof(), NOW)

    assert KEY.thumbprint == principal.key_thumbprint


async def test_whoever_shows_the_certificate_is_admitted() -> None:
    """RFC 8705 section 3; the scheme stays Bearer."""
    found = await a_door(**OF_CERTIFICATE).admit(TOKEN, shown(certificate="cert"), NOW)

    assert "cert" == found.certificate_thumbprint


async def test_a_token_bound_to_both_demands_both() -> None:
    """Neither of them stands in for the other."""
    door = a_door(**OF_KEY, **OF_CERTIFICATE)

    with pytest.raises(CertificateMissing):
        await door.admit(TOKEN, with_proof(), NOW)
    with pytest.raises(ProofMissing):
        await door.admit(TOKEN, shown(certificate="cert"), NOW)
    assert await door.admit(TOKEN, with_proof(certificate="cert"), NOW)


CASES: dict[str, tuple[dict[str, Any], Shown, type[PartyError]]] = {
    "no proof": (OF_KEY, shown(dpop=True), ProofMissing),
    "no proof, as bearer": (OF_KEY, shown(), ProofMissing),
    "a proof, as bearer": (OF_KEY, with_proof(dpop=False), SchemeWrong),
    "another key": (OF_KEY, with_proof(a_proof(OTHER)), KeyMismatch),
    "another address": (OF_KEY, with_proof(url="https://lgsp.example/v1/other"), ProofRefused),
    "another method": (OF_KEY, with_proof(method="GET"), ProofRefused),
    "a certificate in place of a proof": (OF_KEY, shown(certificate="cert"), ProofMissing),
    "no certificate": (OF_CERTIFICATE, shown(), CertificateMissing),
    "another certificate": (OF_CERTIFICATE, shown(certificate="x"), CertificateMismatch),
    "a proof in place of a certificate": (OF_CERTIFICATE, with_proof(), CertificateMissing),
    "as DPoP": (OF_CERTIFICATE, shown(certificate="cert", dpop=True), SchemeWrong),
    "a plain token": ({}, shown(), BindingRequired),
    "a plain token beside a proof": ({}, with_proof(), BindingRequired),
    "a plain token beside a certificate": ({}, shown(certificate="cert"), BindingRequired),
}


@pytest.mark.parametrize(("bound", "what", "error"), CASES.values(), ids=CASES)
async def test_nobody_else_is_admitted(
    bound: dict[str, Any], what: Shown, error: type[PartyError]
) -> None:
    """Each way has its own word, and none of them uses anything up."""
    uses = FakeUses()

    with pytest.raises(error) as refused:
        await a_door(uses, **bound).admit(TOKEN, what, NOW)

    assert error is type(refused.value)
    assert [] == uses.claims
    assert what.admitted is None


async def test_a_proof_counts_once() -> None:
    """The memory says so, and the door believes it."""
    with pytest.raises(ProofReplayed):
        await a_door(FakeUses(first=False), **OF_KEY).admit(TOKEN, with_proof(), NOW)


async def test_a_silent_memory_closes_the_door() -> None:
    """Nobody can say that the proof is new."""
    with pytest.raises(MemoryUnavailable):
        await a_door(FakeUses(fault=MemoryUnavailable()), **OF_KEY).admit(TOKEN, with_proof(), NOW)


async def test_one_request_uses_its_proof_up_once_however_often_it_is_judged() -> None:
    """A form puts many questions under one proof; the next request needs another."""
    uses = FakeUses()
    door, question = a_door(uses, **OF_KEY), with_proof()

    for _ in range(3):
        await door.admit(TOKEN, question, NOW)

    assert 1 == len(uses.claims)


async def test_what_was_admitted_with_one_token_is_not_admitted_with_another() -> None:
    """The proof names the token; so does what is kept of it."""
    door, question = a_door(**OF_KEY), with_proof()
    await door.admit(TOKEN, question, NOW)

    with pytest.raises(ProofRefused):
        await door.admit("another.token.text", question, NOW)


async def test_a_token_that_ends_on_the_way_is_refused_there() -> None:
    """What was admitted is looked at again with each question."""
    hours: list[float] = []

    def verify(token: str, now: float) -> Principal:
        del token
        hours.append(now)
        if len(hours) > 1:
            raise TokenExpired
        return a_principal(**OF_KEY)

    door, question = Door(verify, ProofDesk(FakeUses(), NONCES)), with_proof()
    await door.admit(TOKEN, question, NOW)

    with pytest.raises(TokenExpired):
        await door.admit(TOKEN, question, NOW + 300)


async def test_where_nonces_are_demanded_a_proof_without_one_comes_back() -> None:
    """And is good with the one that was handed out."""
    door = a_door(**OF_KEY, demand_nonce=True)

    with pytest.raises(NonceDemanded) as demanded:
        await door.admit(TOKEN, with_proof(), NOW)

    assert await door.admit(TOKEN, with_proof(a_proof(nonce=demanded.value.nonce)), NOW)


async def test_the_answer_hands_out_a_newer_nonce_in_time() -> None:
    """Before the old one is refused."""
    question = with_proof(a_proof(nonce=NONCES.current(NOW - PERIOD_S + 1)))

    await a_door(**OF_KEY).admit(TOKEN, question, NOW)

    assert NONCES.current(NOW) == question.nonce
