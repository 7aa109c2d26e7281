"""Which roles exclude each other, by which source, and how sure we are of it; pure.

The database holds the same rows and refuses the pairs itself; a test compares both.
"""

from collections.abc import Collection, Iterable
from typing import Literal

from msgspec import Struct

from auth.people import Role

Mark = Literal["V", "S", "D", "K"]  # verified, second-hand, derived, knowledge (domain.md 0)


class Source(Struct, frozen=True, kw_only=True):
    """Why two roles exclude each other."""

    code: str
    text_vi: str
    text_en: str
    mark: Mark


SOURCES: dict[str, Source] = {
    each.code: each
    for each in (
        Source(
            code="design-8",
            text_vi="Người xem xét nhật ký không thay đổi điều nhật ký ghi.",
            text_en="Whoever judges the record changes nothing that it records.",
            mark="D",
        ),
        Source(
            code="lgsp-roles",
            text_vi="Kiểm toán viên đọc nhật ký và không quyết định việc nào trong đó.",
            text_en="An auditor reads the record and decides nothing that stands in it.",
            mark="D",
        ),
        Source(
            code="tcvn-14423-5.6",
            text_vi="Một tài khoản là của một người; tài khoản công dân chỉ để làm công dân.",
            text_en="One account is one person's; a citizen's account is a citizen's alone.",
            mark="S",
        ),
        Source(
            code="promise-8",
            text_vi="Không ai công bố, giao quyền hay niêm phong một mình.",
            text_en="Nobody publishes, grants or seals alone.",
            mark="D",
        ),
        Source(
            code="break-glass-review",
            text_vi="Người vận hành không tự đánh giá việc dùng quyền khẩn cấp.",
            text_en="Operators do not judge their own emergencies.",
            mark="D",
        ),
    )
}


class Pair(Struct, frozen=True):
    """Two roles that no account holds together, in the order of their names."""

    one: Role
    other: Role
    source: str

    @property
    def mark(self) -> Mark:
        """How sure we are of the rule."""
        return SOURCES[self.source].mark


PAIRS: tuple[Pair, ...] = (
    Pair(Role.AGENCY_ADMINISTRATOR, Role.AUDITOR, "design-8"),
    Pair(Role.AGENCY_ADMINISTRATOR, Role.CITIZEN, "tcvn-14423-5.6"),
    Pair(Role.AUDITOR, Role.CATALOG_OFFICER, "design-8"),
    Pair(Role.AUDITOR, Role.CITIZEN, "tcvn-14423-5.6"),
    Pair(Role.AUDITOR, Role.OFFICIAL, "lgsp-roles"),
    Pair(Role.AUDITOR, Role.OPERATOR, "design-8"),
    Pair(Role.AUDITOR, Role.PRIVACY_OFFICER, "lgsp-roles"),
    Pair(Role.AUDITOR, Role.PUBLISHER, "design-8"),
    Pair(Role.CATALOG_OFFICER, Role.CITIZEN, "tcvn-14423-5.6"),
    Pair(Role.CATALOG_OFFICER, Role.PUBLISHER, "promise-8"),
    Pair(Role.CITIZEN, Role.OFFICIAL, "tcvn-14423-5.6"),
    Pair(Role.CITIZEN, Role.OPERATOR, "tcvn-14423-5.6"),
    Pair(Role.CITIZEN, Role.PRIVACY_OFFICER, "tcvn-14423-5.6"),
    Pair(Role.CITIZEN, Role.PUBLISHER, "tcvn-14423-5.6"),
    Pair(Role.OFFICIAL, Role.PRIVACY_OFFICER, "promise-8"),
    Pair(Role.OPERATOR, Role.PRIVACY_OFFICER, "break-glass-review"),
)


def forbidden(role: Role, beside: Collection[Role]) -> Pair | None:
    """Return the first pair that *role* would make with a role *beside* it."""
    return next((pair for pair in PAIRS if _makes(pair, role, beside)), None)


def can_stand_together(roles: Iterable[Role]) -> bool:
    """Say whether one account may hold all of *roles*."""
    held = frozenset(roles)
    return not any({pair.one, pair.other} <= held for pair in PAIRS)


def _makes(pair: Pair, role: Role, beside: Collection[Role]) -> bool:
    return (pair.one is role and pair.other in beside) or (
        pair.other is role and pair.one in beside
    )
