"""How far each agreement lets a system go, by the catalog in force."""

from auth.narrowing.agreements import Reach
from gateway.wiring.tokens import Reaching, reaches
from tests.builders import a_scope, a_service, a_snapshot, an_agreement


def test_an_agreement_reaches_as_far_as_its_lines() -> None:
    """Services and purposes together: the exchange judges each line by itself."""
    other = a_service(code="dancu.xacthuc")
    agreement = an_agreement(
        a_scope(), a_scope(id="s2", service=other.code, purposes=frozenset({"thong-ke"}))
    )
    services = {each.code: each for each in (a_service(), other)}

    found = reaches(a_snapshot(agreement, services=services), "motcua-xa")

    assert {
        "TT-2026-0001": Reach(
            services=frozenset({"dancu.tracuu", "dancu.xacthuc"}),
            purposes=frozenset({"giai-quyet-tthc", "thong-ke"}),
        )
    } == found


def test_another_system_reaches_nothing() -> None:
    """An agreement names its systems."""
    assert {} == reaches(a_snapshot(), "an-sinh")


def test_another_catalog_is_looked_at_anew() -> None:
    """What was worked out for a system ends with the catalog that it was worked out of."""
    catalogs = [a_snapshot(revision=1), a_snapshot(services={}, revision=2)]
    reaching = Reaching(lambda: catalogs[0])
    first, again = reaching("motcua-xa"), reaching("motcua-xa")

    del catalogs[0]

    assert first is again
    assert reaches(a_snapshot(), "motcua-xa") == first != {}
    assert {} == reaching("motcua-xa") == reaching("an-sinh")
