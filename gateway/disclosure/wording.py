"""Names as the catalog had them at an instant: codes of a record, told in plain words."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from catalog.canonical import Stored, restore
from catalog.entries import (
    Agency,
    Dataset,
    Element,
    LegalBasis,
    PersonalKind,
    Procedure,
    Purpose,
    Rule,
    ServiceVersion,
)
from catalog.kinds import Entry, Key, Kind
from gateway.disclosure.rows import Rows

NAMED_KINDS = (Kind.AGENCY, Kind.DATASET, Kind.ELEMENT, Kind.BASIS, Kind.PURPOSE, Kind.RULE,
               Kind.SERVICE, Kind.PROCEDURE)  # fmt: skip
VERSIONS: dict[Kind, str] = {
    kind: (
        f"SELECT code, rev, digest, document, published_at FROM catalog.{kind.value}_version "  # noqa: S608 - a closed list of kinds
        "WHERE code = ANY($1) ORDER BY code, published_at"
    )
    for kind in NAMED_KINDS
}
SYSTEMS = """
SELECT client_id, at, name_vi, name_en FROM auth.system
WHERE client_id = ANY($1) ORDER BY client_id, version
"""

Shape = TypeVar("Shape", bound=Entry)


class Named(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A code with its name in two languages."""

    code: str
    vi: str
    en: str
    sensitive: bool = False  # of a field: on the list of NĐ 356/2025 Art 4


class BasisTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an access rested on, and how sure we are of the rule (`catalog.entries.Mark`)."""

    kind: str  # law | consent | rule | none
    vi: str
    en: str
    code: str | None = None
    mark: str | None = None


class Versions(Struct, frozen=True):
    """Everything that was looked up, each with the instants from which it stood."""

    entries: Mapping[Key, Sequence[tuple[datetime, Entry]]] = {}
    systems: Mapping[str, Sequence[tuple[datetime, Named]]] = {}

    def agency(self, code: str, at: datetime) -> Named:
        """Return an agency's name at *at*; its code when the catalog never knew it."""
        found = self._at(Agency, Kind.AGENCY, code, at)
        return _named(code, found and found.name_vi, found and found.name_en)

    def system(self, client_id: str, at: datetime) -> Named:
        """Return a system's name at *at*, as its registration had it."""
        return _newest(self.systems.get(client_id, ()), at) or _named(client_id)

    def service(self, code: str, at: datetime) -> Named:
        """Return a service's title at *at*."""
        found = self._at(ServiceVersion, Kind.SERVICE, code, at)
        return _named(code, found and found.title_vi, found and found.title_en)

    def dataset(self, code: str, at: datetime) -> Named:
        """Return a register's title at *at*."""
        found = self._at(Dataset, Kind.DATASET, code, at)
        return _named(code, found and found.title_vi, found and found.title_en)

    def purpose(self, code: str, at: datetime) -> Named:
        """Return a purpose's label at *at*."""
        found = self._at(Purpose, Kind.PURPOSE, code, at)
        return _named(code, found and found.label_vi, found and found.label_en)

    def procedure(self, code: str, at: datetime) -> Named:
        """Return a procedure's title at *at*."""
        found = self._at(Procedure, Kind.PROCEDURE, code, at)
        return _named(code, found and found.title_vi, found and found.title_en)

    def field(self, code: str, at: datetime) -> Named:
        """Return an element's name at *at*, and whether it is sensitive."""
        found = self._at(Element, Kind.ELEMENT, code, at)
        if found is None:
            return _named(code)
        sensitive = found.personal_kind is PersonalKind.SENSITIVE
        return Named(code=code, vi=found.name_vi, en=found.name_en, sensitive=sensitive)

    def law(self, code: str, at: datetime) -> BasisTold:
        """Return a legal basis in words, with its mark."""
        found = self._at(LegalBasis, Kind.BASIS, code, at)
        if found is None:
            return BasisTold(kind="law", vi=code, en=code, code=code)
        cited = f"{found.article}, {found.instrument}"
        return BasisTold(
            kind="law",
            vi=f"{cited}: {found.summary_vi}",
            en=f"{cited}: {found.summary_en}",
            code=code,
            mark=found.mark.value,
        )

    def rule(self, code: str, at: datetime) -> BasisTold:
        """Return a row of the decision table in words, with its mark."""
        found = self._at(Rule, Kind.RULE, code, at)
        if found is None:
            return BasisTold(kind="rule", vi=code, en=code, code=code)
        cited = f"{found.article}, {found.instrument}"
        return BasisTold(kind="rule", vi=cited, en=cited, code=code, mark=found.mark.value)

    def _at(self, shape: type[Shape], kind: Kind, code: str, at: datetime) -> Shape | None:
        found = _newest(self.entries.get((kind, code), ()), at)
        return found if isinstance(found, shape) else None


class Wording:
    """Looks names up; versions are append-only, so what was found once stays true."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def versions(self, keys: Iterable[Key], systems: Iterable[str]) -> Versions:
        """Return all versions of *keys* and of *systems*; what is unknown is left out."""
        wanted: dict[Kind, list[str]] = {}
        for kind, code in sorted(set(keys)):
            wanted.setdefault(kind, []).append(code)
        entries: dict[Key, list[tuple[datetime, Entry]]] = {}
        for kind, codes in wanted.items():
            for row in await self._rows.fetch(VERSIONS[kind], codes):
                stored = Stored(
                    kind=kind,
                    document=row["document"],
                    rev=row["rev"],
                    state=_STATES.get(kind),
                    digest=row["digest"],
                )
                found = row["published_at"], restore(stored)
                entries.setdefault((kind, row["code"]), []).append(found)
        return Versions(entries, await self._systems(sorted(set(systems))))

    async def _systems(self, ids: list[str]) -> dict[str, list[tuple[datetime, Named]]]:
        found: dict[str, list[tuple[datetime, Named]]] = {}
        for row in await self._rows.fetch(SYSTEMS, ids) if ids else ():
            name = Named(code=row["client_id"], vi=row["name_vi"], en=row["name_en"])
            found.setdefault(name.code, []).append((row["at"], name))
        return found


_STATES = {Kind.SERVICE: "published"}  # names do not depend on it
_Value = TypeVar("_Value")


def _newest(versions: Sequence[tuple[datetime, _Value]], at: datetime) -> _Value | None:
    """Return what stood at *at*; the first of all for an instant before it."""
    if not versions:
        return None
    place = bisect_right([since for since, _ in versions], at)
    return versions[max(place - 1, 0)][1]


def _named(code: str, vi: str | None = None, en: str | None = None) -> Named:
    return Named(code=code, vi=vi or code, en=en or vi or code)
