"""What a problem is: a status, a fault's place, and words in two languages."""

from enum import StrEnum

from msgspec import Struct


class Origin(StrEnum):
    """Where the fault lies."""

    CALLER = "caller"
    GATEWAY = "gateway"
    SOURCE = "source"


class Problem(Struct, frozen=True):
    """What a code means on the wire and to a person."""

    status: int
    origin: Origin
    retryable: bool
    title_vi: str
    title_en: str
    next_vi: str  # what to do now
    next_en: str
