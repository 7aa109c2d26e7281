"""Land: certificates, their holders, their parcels with old and new numbers."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from random import Random

from msgspec import Struct

from mocks.communes import PARTS
from mocks.mess import RATES, misspell
from mocks.people import TODAY, Person, draw_detail

ADULT = 18
FIRST_DRAWN_ID = 1_000  # identifiers below belong to the personas
HOUSEHOLDS_WITH_LAND = 0.5
SECOND_CERTIFICATE = 0.1
RENUMBERED_PARCEL = 0.25
PARCELS_A_SHEET = 120
MORTGAGED = 0.15
# Years in which forms changed: serials, register books, cards of 12 digits for everybody.
TWO_LETTERS, NEW_REGISTER_BOOK, CHIP_CARDS, EIGHT_DIGITS = 2010, 2015, 2021, 2025


class Holder(Struct, frozen=True):
    """One holder as the certificate names them."""

    name: str
    birth_year: int | None
    paper: str | None  # 12 or 9 digits; nothing when never recorded
    role: str  # CHU_SU_DUNG, DONG_SU_DUNG, VO_CHONG


class Parcel(Struct, frozen=True, kw_only=True):
    """One parcel; *sheet* and *number* are those of the newest cadastral map."""

    id: str
    commune: str
    old_commune: str | None
    sheet: str
    number: str
    area_m2: float
    purpose: str
    address: str
    since: date
    old_sheet: str | None = None
    old_number: str | None = None
    term: str = "LAU_DAI"
    origin: str = "CNQ-CTT"
    updated: date = date(2026, 3, 9)


class Restriction(Struct, frozen=True):
    """What stands against the land: mortgage, plan, dispute."""

    kind: str
    text: str
    since: date


class Certificate(Struct, frozen=True, kw_only=True):
    """One certificate in force."""

    id: str
    serial: str
    register_number: str
    issued: date
    holders: tuple[Holder, ...]
    parcels: tuple[Parcel, ...]
    old_register_number: str | None = None
    restrictions: tuple[Restriction, ...] = ()
    updated: date = date(2026, 3, 9)


def holder(person: Person, role: str) -> Holder:
    """Return *person* as a certificate without mistake names them."""
    return Holder(str(person.name), person.born.year, person.number, role)


def certificates(dice: Random, people: Iterable[Person]) -> Iterator[Certificate]:
    """Give land to about half of the households, one certificate in ten twice."""
    serial = FIRST_DRAWN_ID
    for _, household in groupby(people, key=lambda person: person.household):
        owners = _owners(list(household))
        if not owners or dice.random() >= HOUSEHOLDS_WITH_LAND:
            continue
        for _ in range(2 if dice.random() < SECOND_CERTIFICATE else 1):
            serial += 1
            yield _certificate(dice, serial, owners)


def _owners(household: list[Person]) -> list[Person]:
    """Return the head and the spouse, unless the land register lost one of them."""
    pair = [person for person in household if person.relation in {"00", "01"}]
    lost = any("land" in person.absent_from or person.hidden for person in pair)
    able = [person for person in pair if person.living == "1" and person.age >= ADULT]
    return [] if lost else able


def _certificate(dice: Random, serial: int, owners: list[Person]) -> Certificate:
    issued = TODAY - timedelta(days=dice.randint(30, 9_000))
    role = "VO_CHONG" if len(owners) > 1 else "CHU_SU_DUNG"
    return Certificate(
        id=f"gcn-{serial:07d}",
        serial=_serial(dice, serial, issued),
        register_number=f"CN {serial:05d}",
        old_register_number=f"CH {serial % 9_000 + 1:05d}"
        if issued.year < NEW_REGISTER_BOOK
        else None,
        issued=issued,
        holders=tuple(_held(dice, owner, role, issued) for owner in owners),
        parcels=(_parcel(dice, serial, owners[0], issued),),
        restrictions=_restrictions(dice, issued),
    )


def _serial(dice: Random, serial: int, issued: date) -> str:
    """Return a serial of the form of its time: one letter, two with six, two with eight digits."""
    if issued.year < TWO_LETTERS:
        return f"{dice.choice('STUVX')} {serial % 1_000_000:06d}"
    letters = dice.choice("ABCD") + dice.choice("ABCDEHKLM")
    return (
        f"{letters} {serial % 1_000_000:06d}"
        if issued.year < EIGHT_DIGITS
        else f"{letters} {serial:08d}"
    )


def _held(dice: Random, owner: Person, role: str, issued: date) -> Holder:
    """Return *owner* as the certificate names them, clerk's mistakes included."""
    name = misspell(dice, owner.name) if dice.random() < RATES.holder_differs else str(owner.name)
    paper: str | None = owner.number
    if owner.cmnd and issued.year < CHIP_CARDS and dice.random() < RATES.holder_by_old_card:
        paper = owner.cmnd
    if dice.random() < RATES.holder_unnumbered:
        paper = None
    return Holder(name, owner.born.year, paper, role)


def _parcel(dice: Random, serial: int, owner: Person, issued: date) -> Parcel:
    home = owner.permanent
    commune = home.commune.code if not home.commune.district else "99001"
    sheet, number = divmod(serial, PARCELS_A_SHEET)
    renumbered = dice.random() < RENUMBERED_PARCEL
    urban = home.commune.name.startswith("Phường")
    return Parcel(
        id=f"td-{serial:07d}",
        commune=commune,
        old_commune=dice.choice(PARTS[commune]),
        sheet=str(sheet + 1),
        number=str(number + 1),
        old_sheet=str(dice.randint(1, 40)) if renumbered else None,
        old_number=str(dice.randint(1, 400)) if renumbered else None,
        area_m2=round(dice.uniform(42, 900), 1),
        purpose="ODT" if urban else dice.choice(("ONT", "ONT", "CLN", "LUC", "BHK")),
        origin=dice.choice(("CNQ-CTT", "DG-CTT", "NCN", "NTK", "NTC")),
        address=f"{draw_detail(dice, home.commune)}, {home.commune.name}",
        since=issued,
    )


def _restrictions(dice: Random, issued: date) -> tuple[Restriction, ...]:
    if dice.random() >= MORTGAGED:
        return ()
    since = min(TODAY, issued + timedelta(days=dice.randint(1, 700)))
    return (Restriction("THE_CHAP", "Thế chấp tại tổ chức tín dụng", since),)
