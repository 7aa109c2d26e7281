"""What the doctor says of systems: names, at most five, and nothing of a key."""

from datetime import timedelta

from auth.credentials.keysets import KeySet
from auth.systems import suspended
from gateway.cli.systems_checked import told
from tests.party_builders import CLIENT_KEY, NOON, OUR_NOTE, a_system

KID = CLIENT_KEY.public["kid"]
URL = "https://keys.example/jwks.json"


def test_all_is_well_in_one_line() -> None:
    """How many there are, and how many work."""
    systems = (a_system(), suspended(a_system(client_id="tam-dung"), OUR_NOTE))

    assert (True, "2 registered, 1 active") == told(systems, {}, NOON)


def test_what_ends_and_what_cannot_be_read_is_named() -> None:
    """The operator knows whom to call."""
    systems = (
        a_system(client_id="het-han", ends={KID: NOON}),
        a_system(client_id="sap-het", ends={KID: NOON + timedelta(days=10)}),
        a_system(client_id="cong-bo", jwks=(), jwks_uri=URL),
    )
    known = {"cong-bo": KeySet(url=URL, tried_at=NOON, fault="no answer in time")}

    is_well, says = told(systems, known, NOON)

    assert not is_well
    assert (
        "het-han: its last credential has ended; "
        "sap-het: its last credential ends within 14 days; "
        "cong-bo: no answer in time"
    ) == says


def test_many_are_counted_instead_of_named() -> None:
    """A line that nobody reads to its end hides the first name."""
    systems = tuple(a_system(client_id=f"s-{n}", ends={KID: NOON}) for n in range(8))

    _, says = told(systems, {}, NOON)

    assert says.endswith(" and 3 more")
    assert 5 == says.count("has ended")
