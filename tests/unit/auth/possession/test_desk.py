"""One proof judged whole: its nonce, its single use, and what the answer tells the caller."""

import pytest

from auth.errors import MemoryUnavailable, MemoryYoung, NonceDemanded, ProofReplayed
from auth.possession.desk import ProofDesk
from auth.possession.nonces import PERIOD_S, Nonces
from auth.possession.proofs import Proved
from tests.possession_builders import KEY, NOW, TOKEN, URL, a_proof

NONCES = Nonces(lambda: [b"1" * 32])
CLAIMED = ("key", "j", NOW + 60, NOW - 10)


class FakeUses:
    """A memory of uses that says what it is told to."""

    def __init__(self, *, first: bool = True, fault: Exception | None = None) -> None:
        self.first = first
        self.fault = fault
        self.claims: list[tuple[str, str, float, float | None]] = []

    async def claim(
        self, owner: str, jti: str, expires_at: float, born: float | None = None
    ) -> bool:
        """Answer."""
        self.claims.append((owner, jti, expires_at, born))
        if self.fault is not None:
            raise self.fault
        return self.first


def proved(nonce: str | None = None) -> Proved:
    """Return what a good proof of this instant says."""
    return Proved(thumbprint="key", jti="j", iat=NOW, nonce=nonce)


async def test_a_proof_is_remembered_for_as_long_as_it_could_come_again() -> None:
    """Under its key, from the earliest instant at which anybody would have taken it."""
    uses = FakeUses()

    assert await ProofDesk(uses, NONCES).use(proved(), NOW) is None
    assert [CLAIMED] == uses.claims


async def test_a_proof_that_was_used_before_is_refused() -> None:
    """Here or elsewhere."""
    with pytest.raises(ProofReplayed):
        await ProofDesk(FakeUses(first=False), NONCES).use(proved(), NOW)


async def test_a_nonce_that_is_demanded_is_handed_out() -> None:
    """The caller tries again with it, and nothing was used up."""
    uses = FakeUses()
    desk = ProofDesk(uses, NONCES)

    with pytest.raises(NonceDemanded) as demanded:
        await desk.use(proved(), NOW, demand_nonce=True)

    assert NONCES.good(demanded.value.nonce, NOW)
    await desk.use(proved(demanded.value.nonce), NOW, demand_nonce=True)
    assert 1 == len(uses.claims)


@pytest.mark.parametrize("nonce", ["x", NONCES.current(NOW - PERIOD_S - 1), ""])
async def test_a_nonce_that_is_not_good_is_refused_even_where_none_is_demanded(nonce: str) -> None:
    """RFC 9449 section 4.3, item 10: the caller learns the new one and tries again."""
    uses = FakeUses()

    with pytest.raises(NonceDemanded) as demanded:
        await ProofDesk(uses, NONCES).use(proved(nonce), NOW)

    assert NONCES.current(NOW) == demanded.value.nonce
    assert [] == uses.claims


@pytest.mark.parametrize(
    ("age_s", "newer"), [(0, False), (PERIOD_S / 2 - 1, False), (PERIOD_S / 2, True)]
)
async def test_a_nonce_in_its_second_half_is_replaced_in_passing(
    age_s: float, *, newer: bool
) -> None:
    """So a busy caller is never sent back for one (RFC 9449 section 8.2)."""
    nonce = NONCES.current(NOW - age_s)

    told = await ProofDesk(FakeUses(), NONCES).use(proved(nonce), NOW)

    assert told == (NONCES.current(NOW) if newer else None)


async def test_a_memory_that_was_lost_asks_for_a_nonce() -> None:
    """It cannot know whether the proof was used; one around a fresh nonce cannot have been."""
    young = FakeUses(fault=MemoryYoung())

    with pytest.raises(NonceDemanded):
        await ProofDesk(young, NONCES).use(proved(), NOW)
    with pytest.raises(MemoryUnavailable):
        await ProofDesk(young, NONCES).use(proved(NONCES.current(NOW)), NOW)
    assert [NOW - 10, NOW] == [born for *_, born in young.claims]


async def test_a_silent_memory_lets_nobody_in() -> None:
    """Closed is the safe side."""
    with pytest.raises(MemoryUnavailable):
        await ProofDesk(FakeUses(fault=MemoryUnavailable()), NONCES).use(proved(), NOW)


def test_the_desk_reads_a_proof_by_its_own_clock_rules() -> None:
    """FAPI 2.0 section 5.3.2.1 unless it is told otherwise."""
    desk = ProofDesk(FakeUses(), NONCES)

    found = desk.read(
        a_proof(), method="POST", url=URL, now=NOW + 60, token=TOKEN, bound_to=KEY.thumbprint
    )

    assert ("proof-1", KEY.thumbprint) == (found.jti, found.thumbprint)
