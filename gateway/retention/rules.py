"""How long what is kept: rules as data, with their source and how sure we are of it; pure."""

import tomllib
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from catalog.entries import Mark

MONTHS_A_YEAR = 12


class Stage(StrEnum):
    """Where something is kept, or until when."""

    HOT = "hot"  # in the database, without an archive
    SEARCHABLE = "searchable"  # in the database, beside a verified archive
    REGISTER = "register"  # in the archive
    LINKS = "links"  # until the pseudonym keys of its year are destroyed


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule: a floor beneath the settings, or a default when it is derived."""

    code: str
    stage: Stage
    months: Annotated[int, Meta(ge=1, le=1_200)]
    instrument: str
    article: str
    mark: Mark
    vi: str
    en: str
    valid_from: date | None = None  # None: not confirmed, counts as in force
    valid_to: date | None = None  # excluded

    def in_force(self, on: date) -> bool:
        """Tell whether the rule is in force on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on < self.valid_to
        )


class Wanted(Struct, frozen=True):
    """What the settings ask for, months; None for what the rules say."""

    hot: int | None = None
    searchable: int | None = None
    register: int | None = None
    links: int | None = None


class Windows(Struct, frozen=True):
    """How long each stage lasts, months from the day of the record."""

    hot: int
    searchable: int
    register: int
    links: int

    def archive_before(self, today: date) -> date:
        """Return the first day that is still hot."""
        return months_before(today, self.hot)

    def drop_before(self, today: date) -> date:
        """Return the first day that must still be searchable."""
        return months_before(today, self.searchable)

    def forget_before(self, today: date) -> int:
        """Return the first year whose keys must still live."""
        return months_before(today, self.links).year


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[Rule, ...]


def load_rules() -> tuple[Rule, ...]:
    """Return the rules that come with this release.

    Raises:
        msgspec.ValidationError, tomllib.TOMLDecodeError: the file is not as it must be.
    """
    text = files("gateway.retention").joinpath("rules.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _File).rule


def windows(rules: Sequence[Rule], wanted: Wanted, on: date) -> Windows:
    """Return how long each stage lasts on a day.

    The longest rule decides.  A setting replaces derived rules and cannot go below any other; and
    no stage is shorter than the one before it.
    """
    hot = _months(rules, Stage.HOT, wanted.hot, on)
    searchable = max(hot, _months(rules, Stage.SEARCHABLE, wanted.searchable, on))
    register = max(searchable, _months(rules, Stage.REGISTER, wanted.register, on))
    links = max(searchable, _months(rules, Stage.LINKS, wanted.links, on))
    return Windows(hot, searchable, register, links)


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last one of that month."""
    whole = day.year * MONTHS_A_YEAR + day.month - 1 - months
    year, month = divmod(whole, MONTHS_A_YEAR)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _months(rules: Sequence[Rule], stage: Stage, wanted: int | None, on: date) -> int:
    living = [rule for rule in rules if rule.stage is stage and rule.in_force(on)]
    floor = max((rule.months for rule in living if rule.mark is not Mark.DERIVED), default=0)
    usual = max((rule.months for rule in living), default=0)
    return max(floor, usual if wanted is None else wanted)
