"""In whose place somebody must act: adult, child or person without capacity; pure.

In doubt a person counts as the more protected one (Luật 91/2025 Art 24).
"""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta, timezone

from msgspec import Struct

from adapters.protocol import PartialDate, Subject
from gateway.errors import Code, Refusal

VIETNAM = timezone(timedelta(hours=7), "+07")  # no summer time since 1975
FULL_AGE = 18  # years, Bộ luật Dân sự 2015 Art 20
ASSENT_AGE = 7  # years, Luật 91/2025 Art 24: disclosure needs the child as well
ADULT, CHILD, INCAPABLE = "adult", "child", "incapable"
_CENTURIES = "0011223344"  # fourth digit of a personal number, by century since 1900
_PERSONAL_NUMBER = re.compile(r"[0-9]{12}")


class Standing(Struct, frozen=True):
    """How far a person stands for themselves."""

    kind: str = ADULT  # adult | child | incapable: the `subject` column of the decision table
    assents: bool = False  # a child who may be 7 or older has a say of their own


_GROWN, _IN_DOUBT = Standing(), Standing(CHILD, assents=True)


def local_day(at: datetime) -> date:
    """Return the day of *at* in Việt Nam, by which laws and ages count."""
    return at.astimezone(VIETNAM).date()


def standing(subject: Subject, at: datetime, known: str | None = None) -> Standing:
    """Return how far *subject* stands for themselves at *at*.

    Args:
        subject: as asked; a subject that names no person (a parcel) stands as an adult.
        at: aware instant; the day is the one in Việt Nam.
        known: what a source or a court register says: adult, child, incapable, deceased.

    Where the year in the personal number is another than the stated one, both count, because some
    services do not check the date: whichever makes the person a child wins.
    """
    if known is None and subject.so_dinh_danh is None and subject.ngay_sinh is None:
        return _IN_DOUBT if names_a_person(subject) else _GROWN
    if known == INCAPABLE:
        return Standing(INCAPABLE)
    given = _births(subject)
    if not given and known is None:
        return _IN_DOUBT
    grown = all(has_turned(FULL_AGE, birth, at) for birth in given)
    if known != CHILD and grown:
        return Standing()
    heard = any(may_have_turned(ASSENT_AGE, birth, at) for birth in given)
    return Standing(CHILD, assents=heard or not given)


def _births(subject: Subject) -> list[str | PartialDate]:
    """Return the stated birth date, and the year in the number when it says something else."""
    stated, told = subject.ngay_sinh, year_in_number(subject.so_dinh_danh)
    if stated is None or told is None:
        return [birth for birth in (stated, told) if birth is not None]
    return [stated] if _first_day(stated).year == told.nam else [stated, told]


def names_a_person(subject: Subject) -> bool:
    """Say whether *subject* names a person, and not only a parcel or a certificate."""
    return (
        subject.so_dinh_danh is not None
        or subject.so_cmnd is not None
        or subject.ma_so_bhxh is not None
        or subject.ho_ten is not None
        or subject.ngay_sinh is not None
    )


def subject_class(
    ngay_sinh: str | PartialDate | None, at: datetime, known: str | None = None
) -> str:
    """Return adult, child or incapable; a date that leaves it open means child.

    Raises:
        Refusal: VALIDATION_FAILED when *ngay_sinh* is no date.
    """
    if known in (CHILD, INCAPABLE):
        return known
    if ngay_sinh is None:
        return ADULT if known else CHILD
    return ADULT if has_turned(FULL_AGE, ngay_sinh, at) else CHILD


def has_turned(years: int, ngay_sinh: str | PartialDate, at: datetime) -> bool:
    """Say whether the person is surely *years* old at *at* (full years)."""
    return _age(_last_day(ngay_sinh), local_day(at)) >= years


def may_have_turned(years: int, ngay_sinh: str | PartialDate, at: datetime) -> bool:
    """Say whether the person may be *years* old at *at* (full years)."""
    return _age(_first_day(ngay_sinh), local_day(at)) >= years


def year_in_number(so_dinh_danh: str | None) -> PartialDate | None:
    """Return the birth year that a 12-digit personal number carries, None for anything else.

    Source: domain.md 3.1; digit 4 tells century and sex, digits 5 and 6 the year.
    """
    if so_dinh_danh is None or _PERSONAL_NUMBER.fullmatch(so_dinh_danh) is None:
        return None
    century = 1900 + 100 * int(_CENTURIES[int(so_dinh_danh[3])])
    return PartialDate(century + int(so_dinh_danh[4:6]))


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _first_day(birth: str | PartialDate) -> date:
    if isinstance(birth, str):
        return _whole(birth)
    return _date(birth.nam, birth.thang or 1, birth.ngay if birth.thang and birth.ngay else 1)


def _last_day(birth: str | PartialDate) -> date:
    if isinstance(birth, str):
        return _whole(birth)
    month = birth.thang or 12
    if birth.thang and birth.ngay:
        return _date(birth.nam, month, birth.ngay)
    return _date(birth.nam, month, None)


def _whole(birth: str) -> date:
    try:
        return date.fromisoformat(birth)
    except ValueError:
        raise _no_date() from None


def _date(year: int, month: int, day: int | None) -> date:
    try:
        return date(year, month, monthrange(year, month)[1] if day is None else day)
    except ValueError:  # calendar.IllegalMonthError is one
        raise _no_date() from None


def _no_date() -> Refusal:
    return Refusal(
        Code.VALIDATION_FAILED,
        errors=[
            {
                "pointer": "/subject/ngay_sinh",
                "code": "format",
                "message_vi": "Ngày sinh không đúng dạng.",
                "message_en": "Not a date.",
            }
        ],
    )
