"""What a record says, as one sentence for the person concerned: Vietnamese, then English; pure."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from gateway.audit.events import Event

Both: TypeAlias = tuple[str, str]  # Vietnamese, English

YOU = "you"
REPRESENTED = "represented"
OWNERS: Mapping[str, tuple[str, str, str]] = {  # whose (vi), whose (en), whom (en)
    YOU: ("của bạn", "your", "you"),
    REPRESENTED: ("của người bạn đại diện", "the data of the person you represent:", "them"),
}

SEALED: Both = (
    "Có một lượt truy cập đang được niêm phong theo luật; dòng này tự mở khi hết thời hạn.",
    "There was an access that is sealed by law; this line opens by itself when the seal ends.",
)
ARCHIVED: Both = (
    "Một dòng nhật ký về bạn vừa được chuyển vào lưu trữ; hỏi đơn vị vận hành để xem lại.",
    "A record about you has left for the archive; ask the operator to see it.",
)
UNREADABLE: Both = (
    "Có một dòng nhật ký về bạn mà hệ thống không đọc được; hỏi đơn vị vận hành để xem lại.",
    "There is a record about you that cannot be read here; ask the operator to see it.",
)
CONSENT: Both = ("sự đồng ý mà bạn đã cho", "the consent that you gave")
NO_BASIS: Both = ("không ghi căn cứ", "no basis is recorded")
SOMEBODY: Both = ("Một hệ thống chưa xác định được cơ quan", "A system of no known agency")

# What is neither an access nor a refusal; `{agency}` is who did it.
OTHERS: Mapping[Event, Both] = {
    Event.OWN_READ: (
        "Bạn, hoặc người đại diện của bạn, đã xem danh sách này.",
        "You, or your representative, looked at this list.",
    ),
    Event.QUESTION_ASK: (
        "Bạn đã hỏi về một lượt truy cập.", "You asked about an access.",
    ),
    Event.QUESTION_ANSWER: (
        "{agency} đã trả lời câu hỏi của bạn.", "{agency} answered your question.",
    ),
    Event.AUDIT_SEARCH: (
        "Kiểm toán viên đã tra cứu nhật ký về bạn.", "An auditor searched the log for you.",
    ),
    Event.AUDIT_EXPORT: (
        "Kiểm toán viên đã xuất nhật ký có bạn.", "An auditor exported records about you.",
    ),
    Event.AUDIT_UNBLIND: (
        "Kiểm toán viên đã xem danh tính đằng sau một bí danh.",
        "An auditor opened who stands behind a pseudonym.",
    ),
}  # fmt: skip
ANYTHING: Both = ("Nhật ký ghi một việc liên quan đến bạn.", "The log holds an act about you.")
_MORE = {"day": "days", "agency": "agencies", "time": "times", "access": "accesses"}
MOST_FIELDS = 6  # named in a sentence; the line lists them all


class Told(Struct, frozen=True, kw_only=True):
    """The words that a sentence is made of."""

    event: Event
    owner: str = YOU
    agency: Both | None = None
    service: Both | None = None
    purpose: Both | None = None
    procedure: Both | None = None
    fields: tuple[Both, ...] = ()
    basis: Both | None = None
    reason: Both | None = None
    result: str | None = None


def of(told: Told) -> Both:
    """Return the sentence of one record."""
    if told.event is Event.ACCESS:
        return _access(told)
    if told.event is Event.ACCESS_OUTCOME:
        return _outcome(told)
    if told.event is Event.DENY:
        return _refusal(told)
    vi, en = OTHERS.get(told.event, ANYTHING)
    agency_vi, agency_en = told.agency or SOMEBODY
    return vi.format(agency=agency_vi), en.format(agency=agency_en)


def counted(agencies: int, accesses: int, sealed: int, days: int) -> Both:
    """Return what a person's counts say."""
    span_vi, span_en = f"Trong {days} ngày qua,", f"In the last {_many(days, 'day')}"
    vi = f"{span_vi} {agencies} cơ quan đã nhận dữ liệu của bạn {accesses} lần."
    en = f"{span_en} {_many(agencies, 'agency')} received data of yours {_many(accesses, 'time')}."
    if not accesses and not sealed:
        vi = f"{span_vi} chưa có cơ quan nào nhận dữ liệu của bạn."
        en = f"{span_en} no agency received data of yours."
    if sealed:
        vi += f" Có {sealed} lượt đang được niêm phong theo luật."
        en += f" {_many(sealed, 'access')} {'is' if sealed == 1 else 'are'} sealed by law."
    return vi, en


def _many(count: int, word: str) -> str:
    return f"{count} {word if count == 1 else _MORE[word]}"


def _access(told: Told) -> Both:
    (agency_vi, agency_en), (whose_vi, whose_en, _) = told.agency or SOMEBODY, OWNERS[told.owner]
    verb_vi, verb_en = _VERBS.get(told.result or "unknown", _VERBS["unknown"])
    vi = f"{agency_vi} {verb_vi} {_fields(told, 0)} {whose_vi}"
    en = f"{agency_en} {verb_en} {whose_en} {_fields(told, 1)}"
    return _closed(vi, told, 0), _closed(en, told, 1)


def _outcome(told: Told) -> Both:
    """Tell what followed on an access that was recorded before the source was asked."""
    (whose_vi, whose_en, _), left = OWNERS[told.owner], told.result == "delivered"
    asked_vi, asked_en = told.service or ("lượt tra cứu", "the look-up")
    if not left:
        return (
            f"Lượt hỏi “{asked_vi}” đã ghi trước đó: không có dữ liệu nào {whose_vi} rời cổng.",
            f"The access “{asked_en}” recorded before: nothing of {whose_en} data left.",
        )
    return (
        f"Lượt hỏi “{asked_vi}” đã ghi trước đó: {_fields(told, 0)} {whose_vi} đã được chuyển đi.",
        f"The access “{asked_en}” recorded before: {whose_en} {_fields(told, 1)} left.",
    )


def _refusal(told: Told) -> Both:
    (agency_vi, agency_en), (whose_vi, _, whom) = told.agency or SOMEBODY, OWNERS[told.owner]
    vi = f"{agency_vi} đã hỏi dữ liệu {whose_vi} và bị từ chối"
    en = f"{agency_en} asked for data about {whom} and was refused"
    if told.reason is not None:
        vi, en = f"{vi} ({told.reason[0]})", f"{en} ({told.reason[1]})"
    return _closed(vi, told, 0), _closed(en, told, 1)


_VERBS: Mapping[str, Both] = {
    "delivered": ("đã nhận", "received"),
    "partly": ("đã nhận một phần", "received a part of"),
    "unknown": ("có thể đã nhận", "may have received"),
    "not_delivered": ("đã hỏi nhưng không nhận được", "asked for and did not receive"),
}


def _fields(told: Told, language: int) -> str:
    if not told.fields:
        nothing = ("kết quả tra cứu", "result of the look-up")
        return told.service[language] if told.service else nothing[language]
    named = [each[language] for each in told.fields[:MOST_FIELDS]]
    more = len(told.fields) - len(named)
    rest = (f" và {more} mục khác", f" and {more} more")[language] if more else ""
    return ", ".join(named) + rest


def _closed(text: str, told: Told, language: int) -> str:
    """Add what it was for and what it rested on."""
    parts = [text]
    if told.purpose is not None:
        parts.append((f"để: {told.purpose[0]}", f"for: {told.purpose[1]}")[language])
    if told.procedure is not None:
        parts.append((f"thủ tục {told.procedure[0]}", f"procedure {told.procedure[1]}")[language])
    if told.basis is not None:
        parts.append((f"căn cứ: {told.basis[0]}", f"on the basis of {told.basis[1]}")[language])
    return "; ".join(parts).rstrip(".") + "."
