"""To what a token is bound."""

import pytest

from auth.claims import Confirmation
from auth.delegation.binding import Binding
from auth.errors import MemoryUnavailable, RegistrationsUnavailable
from auth.forms import FORM, Post
from auth.replies import Declined
from tests.delegation_builders import HELD_KEY, THUMB, TOKEN_ENDPOINT, a_proof
from tests.party_builders import NONCES, NOON_S, FakeMemory, a_binding


def a_request(proof: str | None = None, certificate: str | None = None) -> Post:
    """Return a request without a form, which nobody looks at here."""
    return Post(body=b"", content_type=FORM, proof=proof, certificate=certificate)


def test_a_proof_binds_to_its_key() -> None:
    """RFC 9449 section 5: `jkt` is the thumbprint of the key that signed."""
    bound = a_binding().of(a_request(a_proof()), NOON_S)

    assert Confirmation(jkt=HELD_KEY.public["kid"]) == bound.confirmation


def test_a_certificate_binds_by_its_thumbprint() -> None:
    """RFC 8705 section 3, whichever way the system proved itself."""
    bound = a_binding().of(a_request(certificate=THUMB), NOON_S)

    assert (Confirmation(certificate=THUMB), None) == (bound.confirmation, bound.proof)


def test_a_proof_goes_before_a_certificate() -> None:
    """Who sends one asked for it; every connection in a server room has a certificate."""
    bound = a_binding().of(a_request(a_proof(), THUMB), NOON_S)

    assert bound.confirmation is not None
    assert (HELD_KEY.public["kid"], None) == (
        bound.confirmation.jkt,
        bound.confirmation.certificate,
    )


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param("", id="an empty header"),
        pytest.param("abc", id="no proof"),
        pytest.param(f"{a_proof()}, {a_proof()}", id="two headers"),
        pytest.param(a_proof(method="GET"), id="another method"),
        pytest.param(a_proof(url="https://gateway.example/v1/data/x"), id="another address"),
        pytest.param(a_proof(now=NOON_S - 61), id="too old"),
        pytest.param(a_proof(now=NOON_S + 11), id="from the future"),
    ],
)
def test_what_proves_nothing_binds_nothing(proof: str) -> None:
    """And is never passed over for the certificate beside it."""
    with pytest.raises(Declined) as declined:
        a_binding().of(a_request(proof, THUMB), NOON_S)

    assert ("invalid_dpop_proof", "dpop_proof_invalid") == (
        declined.value.refused.error,
        declined.value.refused.code,
    )


def test_a_token_that_would_be_bound_to_nothing_is_not_made() -> None:
    """FAPI 2.0 section 5.3.2.1: whoever steals a plain token is whom it names."""
    with pytest.raises(Declined) as declined:
        a_binding().of(a_request(), NOON_S)

    assert "binding_required" == declined.value.refused.code


@pytest.mark.parametrize(
    "nonce", [None, "", "abc", NONCES.current(NOON_S - 301), NONCES.current(NOON_S + 60)]
)
async def test_without_a_good_nonce_nothing_is_used_up(nonce: str | None) -> None:
    """RFC 9449 section 8: the answer brings the nonce for another try."""
    memory = FakeMemory()
    binding = a_binding(memory)
    bound = binding.of(a_request(a_proof(nonce=nonce)), NOON_S)

    with pytest.raises(Declined) as declined:
        await binding.use(bound, NOON_S)

    assert ("use_dpop_nonce", set()) == (declined.value.refused.error, memory.used)
    assert declined.value.nonce is not None
    assert NONCES.good(declined.value.nonce, NOON_S)


async def test_a_proof_is_good_once() -> None:
    """Also when the request that brought it came to nothing."""
    binding = a_binding(FakeMemory())
    bound = binding.of(a_request(a_proof()), NOON_S)

    first = await binding.use(bound, NOON_S)
    with pytest.raises(Declined) as declined:
        await binding.use(bound, NOON_S)

    assert (None, "dpop_proof_replayed") == (first, declined.value.refused.code)


async def test_a_nonce_of_some_age_brings_the_next() -> None:
    """So that a busy client never meets the refusal."""
    binding = a_binding()
    bound = binding.of(a_request(a_proof(nonce=NONCES.current(NOON_S - 200))), NOON_S)

    newer = await binding.use(bound, NOON_S)

    assert newer is not None
    assert NONCES.good(newer, NOON_S + 250)


class Silent(FakeMemory):
    """A memory that does not answer."""

    async def claim(
        self, owner: str, jti: str, expires_at: float, born: float | None = None
    ) -> bool:
        """Fail."""
        del owner, jti, expires_at, born
        raise MemoryUnavailable


async def test_a_silent_memory_lets_nobody_in() -> None:
    """Invariant I10 fails closed."""
    binding: Binding = a_binding(Silent())

    with pytest.raises(RegistrationsUnavailable):
        await binding.use(binding.of(a_request(a_proof()), NOON_S), NOON_S)


async def test_a_certificate_is_not_used_up() -> None:
    """Each connection proves it anew."""
    binding = a_binding()

    assert await binding.use(binding.of(a_request(certificate=THUMB), NOON_S), NOON_S) is None


def test_the_address_is_that_of_the_token_endpoint() -> None:
    """The proofs above name it."""
    assert "https://gateway.example/oauth/token" == TOKEN_ENDPOINT
