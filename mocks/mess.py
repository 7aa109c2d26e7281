"""The mess of real life, each kind at a stated rate of those it can happen to."""

from random import Random

from msgspec import Struct

from mocks.people import Birth, Name

DIFFICULT_MARKS = str.maketrans(
    {"ă": "a", "â": "a", "ê": "e", "ô": "o", "ơ": "o", "ư": "u", "đ": "d"}
)


class Rates(Struct, frozen=True):
    """Shares from 0 to 1; tests hold the province to them within a third."""

    year_only: float = 0.12  # born before 1960: only the year of birth is on record
    year_and_month: float = 0.03  # born before 1960: the day of birth is not on record
    renumbered: float = 0.02  # adults: an earlier number was replaced
    old_address: float = 0.06  # households: address still coded in the division before July 2025
    holder_differs: float = (
        0.05  # holders: name in the land register is not the population register's
    )
    holder_by_old_card: float = (
        0.25  # holders with a 9-digit card: certificate made out to that number
    )
    holder_unnumbered: float = 0.02  # holders: no number on the certificate
    absent: float = 0.02  # persons: one of the four registers lost them
    unjoined: float = 0.03  # participants the fund never joined with the population database
    lapsed_card: float = 0.07  # health insurance cards: ended


RATES = Rates()
REGISTERS = ("population", "land", "insurance", "civil")


def draw_birth(dice: Random, year: int, month: int, day: int) -> Birth:
    """Return the birth date as far as it went on record; before 1960 often only in part."""
    luck = dice.random()
    if year >= 1960 or luck >= RATES.year_only + RATES.year_and_month:  # noqa: PLR2004 - named in Rates
        return Birth(year, month, day)
    return Birth(year) if luck < RATES.year_only else Birth(year, month)


def draw_absence(dice: Random) -> frozenset[str]:
    """Return the register that lost this person, if one did."""
    return frozenset({dice.choice(REGISTERS)}) if dice.random() < RATES.absent else frozenset()


def misspell(dice: Random, name: Name) -> str:
    """Return *name* as a clerk got it wrong, surely other than it is."""
    plain = Name(name.family, name.middle, name.given.translate(DIFFICULT_MARKS))
    slips = (
        Name(name.family, "", name.given),
        Name(name.family, name.middle, name.given + "h"),
        plain,
        Name(name.family, f"{name.middle} Kim".strip(), name.given),
    )
    return str(dice.choice([slip for slip in slips if slip != name]))
