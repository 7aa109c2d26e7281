"""The whole synthetic province: the personas first, then households until it is full."""

from functools import lru_cache
from random import Random

from msgspec import Struct

from mocks import personas
from mocks.careers import Career, careers
from mocks.estates import Certificate, certificates
from mocks.families import Drawing, household
from mocks.people import Person
from mocks.records import BirthRecord, DeathRecord, MarriageRecord, births, deaths, marriages

SEED = 20261121
PEOPLE = 5_000


class Province(Struct, frozen=True, kw_only=True):
    """Everything the four registers hold; what one of them lost is left out of its part."""

    people: tuple[Person, ...]
    certificates: tuple[Certificate, ...]
    careers: tuple[Career, ...]
    births: tuple[BirthRecord, ...]
    deaths: tuple[DeathRecord, ...]
    marriages: tuple[MarriageRecord, ...]


@lru_cache(maxsize=1)
def build(seed: int = SEED, people: int = PEOPLE) -> Province:
    """Return the province of *seed*; the same arguments give the same province, byte for byte.

    Args:
        seed: any integer; the personas do not depend on it.
        people: inhabitants, at least as many as there are personas.
    """
    cast = personas.cast()
    drawn = _drawn(Random(f"{seed}:families"), people - len(cast.people))
    return Province(
        people=(*cast.people, *drawn),
        certificates=(*cast.certificates, *certificates(Random(f"{seed}:land"), drawn)),
        careers=(*cast.careers, *careers(Random(f"{seed}:insurance"), drawn)),
        births=(*cast.births, *births(Random(f"{seed}:births"), drawn)),
        deaths=(*cast.deaths, *deaths(Random(f"{seed}:deaths"), drawn)),
        marriages=(*cast.marriages, *marriages(Random(f"{seed}:marriages"), drawn)),
    )


def _drawn(dice: Random, wanted: int) -> tuple[Person, ...]:
    """Return *wanted* people; the last household may lack its youngest."""
    draw = Drawing(dice)
    people: list[Person] = []
    while len(people) < wanted:
        people.extend(household(draw))
    return tuple(people[:wanted])
