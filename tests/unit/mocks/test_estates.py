"""Land: certificates, holders, parcels."""

import re

from mocks.estates import certificates
from mocks.people import TODAY
from mocks.province import build

PROVINCE = build.__wrapped__(3, 1_500)
SERIAL = re.compile(r"[A-Z] \d{6}|[A-Z]{2} \d{6}|[A-Z]{2} \d{8}")


def test_serials_have_the_form_of_their_time_and_are_unique() -> None:
    """One letter, then two with six digits, then two with eight."""
    serials = [one.serial for one in PROVINCE.certificates]

    assert len(serials) == len(set(serials))
    assert [] == [serial for serial in serials if not SERIAL.fullmatch(serial)]


def test_a_parcel_is_on_one_certificate_only() -> None:
    """Two owners of one parcel would be a dispute nobody stated."""
    parcels = [
        (parcel.commune, parcel.sheet, parcel.number)
        for one in PROVINCE.certificates
        for parcel in one.parcels
    ]

    assert len(parcels) == len(set(parcels))


def test_nothing_is_dated_after_today() -> None:
    """The province stands still on its day."""
    assert all(one.issued <= TODAY for one in PROVINCE.certificates)
    assert all(limit.since <= TODAY for one in PROVINCE.certificates for limit in one.restrictions)


def test_whom_the_land_register_lost_holds_nothing_in_it() -> None:
    """Missing from one register means missing there altogether."""
    lost = {one.number for one in PROVINCE.people if "land" in one.absent_from or one.hidden}
    held = {held.paper for one in PROVINCE.certificates for held in one.holders}

    assert lost
    assert not lost & held


def test_nobody_without_a_household_head_gets_land() -> None:
    """Children and guests hold none."""
    from random import Random  # noqa: PLC0415 - one test draws

    children = [one for one in PROVINCE.people if one.relation == "04"]

    assert [] == list(certificates(Random(1), children))
