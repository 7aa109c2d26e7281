"""One record in plain words, Vietnamese and English; pure.

Names are those of the present catalog; what it no longer knows is told by its code.
"""

from msgspec import Struct

from catalog.entries import AgencyCode, ElementCode, ProcedureCode, PurposeCode, ServiceCode
from catalog.snapshot import Snapshot
from gateway.audit.events import Event
from gateway.errors import Code
from gateway.problems import PROBLEMS
from gateway.search.projection import UNREADABLE, Indexed


class Said(Struct, frozen=True):
    """The same in two languages."""

    vi: str
    en: str


# What an act is called; {a} is who did it, {c} what was changed.
ACTS: dict[str, Said] = {
    Event.DENY_AGGREGATE: Said(
        "Cổng từ chối các lời gọi không rõ danh tính trong một phút",
        "The gateway refused callers nobody knows, within one minute",
    ),
    Event.ACCESS_OUTCOME: Said(
        "Kết quả gửi của một lần cung cấp trước đó", "What became of an earlier answer",
    ),
    Event.AUDIT_SEARCH: Said("{a} tra cứu nhật ký", "{a} searched the record"),
    Event.AUDIT_EXPORT: Said("{a} trích xuất nhật ký", "{a} took records out"),
    Event.AUDIT_UNBLIND: Said("{a} mở danh tính", "{a} opened an identity"),
    Event.OWN_READ: Said(
        "Người có dữ liệu xem nhật ký của mình",
        "The person read their own record",
    ),
    Event.QUESTION_ASK: Said(
        "Người có dữ liệu hỏi về một lần truy cập",
        "The person asked about an access",
    ),
    Event.QUESTION_ANSWER: Said(
        "{a} trả lời câu hỏi về một lần truy cập",
        "{a} answered a question about an access",
    ),
    Event.FINDING_CONFIRM: Said("{a} xác nhận dấu hiệu {c}", "{a} confirmed finding {c}"),
    Event.FINDING_DISMISS: Said("{a} bỏ qua dấu hiệu {c}", "{a} dismissed finding {c}"),
    Event.SESSION_OPEN: Said("{a} đăng nhập", "{a} signed on"),
    Event.SESSION_STRENGTHEN: Said("{a} xác thực lại", "{a} signed on again, more strongly"),
    Event.SESSION_REFUSE: Said("Một lần đăng nhập bị từ chối", "A sign-on was turned away"),
    Event.SESSION_CLOSE: Said("Phiên làm việc {c} kết thúc", "Session {c} ended"),
    Event.WRITER_OPEN: Said("Một tiến trình bắt đầu ghi nhật ký", "A process began to write"),
    Event.WRITER_CLOSE: Said("Một tiến trình ngừng ghi nhật ký", "A process ended writing"),
    Event.INDEX_PUBLISH: Said(
        "Cổng công bố chỉ mục đầy đủ của một ngày",
        "The gateway published a day's index",
    ),
    UNREADABLE: Said("Bản ghi không đọc được", "A record that cannot be read"),
}  # fmt: skip

# Families of administrative acts; the second half of the word says which.
FAMILIES: dict[str, Said] = {
    "consent": Said("Sự đồng ý {c}: {w}", "Consent {c}: {w}"),
    "agreement": Said("Thoả thuận {c}: {w}", "Agreement {c}: {w}"),
    "catalog": Said("Danh mục {c}: {w}", "Catalog entry {c}: {w}"),
    "policy": Said("Quy tắc {c}: {w}", "Policy {c}: {w}"),
    "system": Said("Hệ thống {c}: {w}", "System {c}: {w}"),
    "account": Said("Tài khoản {c}: {w}", "Account {c}: {w}"),
    "role": Said("Vai trò {c}: {w}", "Role {c}: {w}"),
    "review": Said("Rà soát quyền {c}: {w}", "Access review {c}: {w}"),
    "key": Said("Khoá {c}: {w}", "Key {c}: {w}"),
    "settings": Said("Cấu hình: {w}", "Settings: {w}"),
    "seal": Said("Niêm phong {c}: {w}", "Seal {c}: {w}"),
    "archive": Said("Lưu trữ {c}: {w}", "Archive {c}: {w}"),
    "notice": Said("Thông báo {c}: {w}", "Notice {c}: {w}"),
    "representation": Said("Quyền đại diện: {w}", "Representation: {w}"),
    "question": Said("Câu hỏi {c} về một lần truy cập: {w}", "Question {c} about an access: {w}"),
    "finding": Said("Dấu hiệu {c}: {w}", "Finding {c}: {w}"),
    "audit": Said("{a} làm việc với nhật ký: {w}", "{a} worked with the record: {w}"),
    "breakglass": Said("Truy cập khẩn cấp {c}: {w}", "Emergency access {c}: {w}"),
    "provider": Said("Đối soát với nguồn {c}: {w}", "Comparison with source {c}: {w}"),
}
WORDS: dict[str, str] = {
    "act": "thao tác", "enter": "đăng nhập", "fail": "nhập sai mã",
    "judge": "đánh giá", "unlock": "mở khoá", "lock": "khoá",
    "link": "liên kết", "rename": "đổi tên",
    "acknowledge": "tiếp nhận", "amend": "sửa đổi", "answer": "trả lời",
    "apply": "áp dụng", "approve": "phê duyệt", "ask": "đề nghị",
    "block": "chặn", "close": "kết thúc", "confirm": "xác nhận", "create": "tạo", "defer": "hoãn",
    "deprecate": "sắp ngừng", "destroy": "huỷ",
    "disable": "tắt", "draft": "soạn thảo", "drop": "gỡ",
    "enable": "bật", "end": "chấm dứt",
    "expire": "hết hạn", "grant": "chấp thuận", "invalidate": "vô hiệu",
    "open": "mở", "publish": "công bố",
    "reconcile": "đối soát", "record": "ghi nhận", "refuse": "từ chối",
    "register": "đăng ký", "reject": "bác",
    "renew": "gia hạn", "resume": "tiếp tục", "retire": "ngừng",
    "review": "thẩm định", "revoke": "thu hồi", "rotate": "thay khoá", "shred": "xoá vĩnh viễn",
    "sign": "ký", "suspend": "tạm dừng", "terminate": "chấm dứt", "verify": "kiểm chứng",
    "withdraw": "rút lại",
}  # fmt: skip


def said(row: Indexed, catalog: Snapshot) -> Said:
    """Tell *row* in one sentence without a full stop."""
    if row.type == Event.ACCESS:
        return _access(row, catalog)
    if row.type == Event.DENY:
        return _refusal(row, catalog)
    family, _, word = row.type.partition(".")
    form = ACTS.get(row.type) or FAMILIES.get(family)
    if form is None:
        return Said(row.type, row.type)
    who, what = _who(row, catalog), row.change_id or row.consent or ""
    return Said(
        _filled(form.vi, a=who.vi, c=what, w=WORDS.get(word, word)),
        _filled(form.en, a=who.en, c=what, w=word),
    )


def _access(row: Indexed, catalog: Snapshot) -> Said:
    who, what, why = _who(row, catalog), _what(row, catalog), _why(row, catalog)
    fields_vi, fields_en = _fields(row, catalog)
    undelivered = row.delivered not in {None, "yes"}
    return Said(
        f"{who.vi} nhận {fields_vi} từ {what.vi}{why.vi}"
        + (" (có thể chưa tới nơi)" if undelivered else ""),
        f"{who.en} received {fields_en} from {what.en}{why.en}"
        + (" (perhaps not delivered)" if undelivered else ""),
    )


def _refusal(row: Indexed, catalog: Snapshot) -> Said:
    who, what, why = _who(row, catalog), _what(row, catalog), _why(row, catalog)
    problems = [PROBLEMS[Code(code)] for code in row.codes if code in set(Code)]
    reason_vi = "; ".join(each.title_vi.lower() for each in problems) or "không rõ lý do"
    reason_en = "; ".join(each.title_en.lower() for each in problems) or "no reason is named"
    return Said(
        f"Từ chối {who.vi} hỏi {what.vi}{why.vi}: {reason_vi}",
        f"Refused {who.en} asking {what.en}{why.en}: {reason_en}",
    )


def _who(row: Indexed, catalog: Snapshot) -> Said:
    agency = catalog.agencies.get(AgencyCode(row.org or ""))
    vi = agency.name_vi if agency else row.org or "Cổng"
    en = agency.name_en if agency else row.org or "The gateway"
    if row.client is not None:
        return Said(f"{vi} (hệ thống {row.client})", f"{en} (system {row.client})")
    return Said(vi, en)


def _what(row: Indexed, catalog: Snapshot) -> Said:
    service = catalog.services.get(ServiceCode(row.service or ""))
    if service is not None:
        return Said(f"“{service.title_vi}”", f"“{service.title_en}”")
    return Said(row.service or "một dịch vụ không rõ", row.service or "an unknown service")


def _why(row: Indexed, catalog: Snapshot) -> Said:
    procedure = catalog.procedures.get(ProcedureCode(row.proc or ""))
    purpose = catalog.purposes.get(PurposeCode(row.purpose or ""))
    if row.proc is not None:
        vi = procedure.title_vi if procedure else row.proc
        en = procedure.title_en if procedure else row.proc
        return Said(f", thủ tục “{vi}”", f", for “{en}”")
    if row.purpose is None:
        return Said("", "")
    vi = purpose.label_vi if purpose else row.purpose
    en = purpose.label_en if purpose else row.purpose
    return Said(f", mục đích “{vi}”", f", for “{en}”")


def _fields(row: Indexed, catalog: Snapshot) -> tuple[str, str]:
    if not row.fields:
        return "câu trả lời không kèm dữ liệu", "an answer without data"
    known = [(name, catalog.elements.get(ElementCode(name))) for name in row.fields]
    vi = ", ".join(each.name_vi.lower() if each else name for name, each in known)
    en = ", ".join(each.name_en.lower() if each else name for name, each in known)
    return vi, en


def _filled(form: str, **words: str) -> str:
    """Put words into *form*; codes hold no braces, and nothing is looked up in them."""
    for name, word in words.items():
        form = form.replace(f"{{{name}}}", word)
    return " ".join(form.split())
