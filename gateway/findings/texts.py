"""Findings in plain words, Vietnamese and English; made when they are read, from their figures."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from gateway.findings.baseline import FEWEST_DAYS
from gateway.findings.rules import Found, Rule
from gateway.findings.tallies import OUTSIDE, Scope


class Words(Struct, frozen=True):
    """One text in both languages."""

    vi: str
    en: str


TITLES: Mapping[Rule, Words] = MappingProxyType(
    {
        Rule.BARE: Words("Tra cứu không có hồ sơ", "Looks at people without a dossier"),
        Rule.OFF_HOURS: Words("Tra cứu ngoài giờ", "Looks outside ordinary hours"),
        Rule.REPEATED: Words(
            "Xem lặp lại một người, không có hồ sơ", "The same person again, without a dossier"
        ),
        Rule.PERSONS: Words("Xem nhiều người bất thường", "Unusually many people"),
        Rule.GUESSING: Words("Dò số định danh", "Numbers are being guessed"),
        Rule.TURNED_AWAY: Words("Bị từ chối nhiều bất thường", "Unusually many refusals"),
        Rule.DORMANT: Words("Tài khoản lâu không dùng hoạt động lại", "A sleeping account woke up"),
        Rule.PROCEDURE_MIX: Words(
            "Thoả thuận dùng cho thủ tục lạ", "An agreement is used for an unusual procedure"
        ),
        Rule.KINSHIP: Words(
            "Xem nhiều người cùng họ bất thường", "Unusually many people of one's own family name"
        ),
    }
)
_WHO: Mapping[Scope, Words] = MappingProxyType(
    {
        Scope.OFFICIAL: Words("Cán bộ này", "This official"),
        Scope.SYSTEM: Words("Hệ thống này", "This system"),
        Scope.AGREEMENT: Words("Thoả thuận này", "This agreement"),
    }
)
_SAID: Mapping[Rule, Words] = MappingProxyType(
    {
        Rule.BARE: Words(
            "{who} nhận dữ liệu {value} lần trong ngày {day} mà không nêu mã hồ sơ",
            "{who} received data {value} times on {day} without naming a dossier",
        ),
        Rule.OFF_HOURS: Words(
            "{who} gọi {value} lần ban đêm, Chủ nhật hoặc ngày lễ trong ngày {day}",
            "{who} called {value} times at night, on a Sunday or a holiday on {day}",
        ),
        Rule.REPEATED: Words(
            "{who} xem cùng một người trong {value} ngày khác nhau từ {first} đến {day} "
            "mà không nêu mã hồ sơ",
            "{who} looked at the same person on {value} different days from {first} to {day} "
            "without naming a dossier",
        ),
        Rule.PERSONS: Words(
            "{who} xem {value} người khác nhau trong ngày {day}",
            "{who} looked at {value} different people on {day}",
        ),
        Rule.GUESSING: Words(
            "{who} hỏi {value} người khác nhau không tìm thấy trong ngày {day}",
            "{who} asked for {value} different people who were not found on {day}",
        ),
        Rule.TURNED_AWAY: Words(
            "{who} bị từ chối {value} lần trong ngày {day} vì hỏi điều không được phép",
            "{who} was turned away {value} times on {day} for asking what is not allowed",
        ),
        Rule.DORMANT: Words(
            "{who} hoạt động lại ngày {day} sau {value} ngày im lặng",
            "{who} became active on {day} after {value} silent days",
        ),
        Rule.PROCEDURE_MIX: Words(
            "{who} được dùng {value} lần trong ngày {day} cho thủ tục {about}, "
            "trước đây hầu như không dùng",
            "{who} was used {value} times on {day} for the procedure {about}, "
            "hardly used for it before",
        ),
        Rule.KINSHIP: Words(
            "{who} xem {value} người khác nhau cùng họ với mình trong ngày {day}",
            "{who} looked at {value} different people of the same family name on {day}",
        ),
    }
)
_USUALLY = Words(
    "; bình thường {usual} mỗi ngày (trung vị của {support} ngày có hoạt động), ngưỡng {threshold}",
    "; usually {usual} a day (median of {support} active days), the bound is {threshold}",
)
_UNUSUAL = Words(
    "; chưa đủ {fewest} ngày hoạt động để biết mức bình thường nên dùng ngưỡng chung {threshold}",
    "; fewer than {fewest} active days tell what is usual: the general bound {threshold} applies",
)
_PLAIN = Words("; ngưỡng {threshold}", "; the bound is {threshold}")
_COMPARED = frozenset(
    {
        Rule.BARE,
        Rule.OFF_HOURS,
        Rule.PERSONS,
        Rule.GUESSING,
        Rule.TURNED_AWAY,
        Rule.KINSHIP,
    }
)
_CAUTION: Mapping[Rule, Words] = MappingProxyType(
    {
        Rule.KINSHIP: Words(
            ". Cùng họ chưa có nghĩa là họ hàng",
            ". A shared family name does not make people relatives",
        ),
    }
)
_SILENT = Words("", "")
_END = Words(
    ". Đây là dấu hiệu để xem xét, không phải kết luận vi phạm.",
    ". This is a reason to look, not a verdict.",
)
_NONE = Words("(không nêu)", "(none named)")


def explained(found: Found) -> Words:
    """Return why *found* was raised, in whole sentences without a person's name or number."""
    compared = _PLAIN
    if found.rule in _COMPARED:
        compared = _USUALLY if found.support >= FEWEST_DAYS else _UNUSUAL
    said, who = _SAID[found.rule], _WHO[found.scope]
    caution = _CAUTION.get(found.rule, _SILENT)
    vi, en = compared.vi + caution.vi + _END.vi, compared.en + caution.en + _END.en
    return Words(
        _filled(said.vi + vi, found, who.vi, _NONE.vi, "{:%d/%m/%Y}"),
        _filled(said.en + en, found, who.en, _NONE.en, "{:%Y-%m-%d}"),
    )


def _filled(text: str, found: Found, who: str, none: str, day: str) -> str:
    return text.format(
        who=who,
        value=found.value,
        usual=f"{found.usual:g}",
        support=found.support,
        threshold=f"{found.threshold:g}",
        fewest=FEWEST_DAYS,
        about=none if found.about == OUTSIDE else found.about,
        first=day.format(found.first_day),
        day=day.format(found.last_day),
    )
