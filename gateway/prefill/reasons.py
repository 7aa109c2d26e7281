"""Why a field stays empty, in plain words for the person at the counter: one table."""

from enum import StrEnum

from msgspec import Struct

from gateway.errors import Code
from gateway.problems import PROBLEMS


class Left(StrEnum):
    """Reasons that only a form knows; refusals of an exchange keep their own codes."""

    APPLICANT = "applicant_only"
    NO_SERVICE = "no_service"
    NOT_LISTED = "not_listed"
    NO_AGREEMENT = "no_agreement"
    SUBJECT = "subject_incomplete"
    BEYOND = "beyond_limit"
    NO_FEED = "feeding_answer_missing"
    SEVERAL = "several_found"
    NOT_ON_RECORD = "not_on_record"
    NOT_CONFIRMED = "not_confirmed"
    DIFFERS = "differs"
    NOT_ANNOUNCED = "not_announced"


class Reason(Struct, frozen=True):
    """One reason, stable code first; texts may change."""

    code: str
    vi: str
    en: str


_TEXTS: dict[str, tuple[str, str]] = {
    Left.APPLICANT: (
        "Chỉ người nộp hồ sơ mới biết; vui lòng khai.",
        "Only the applicant can say it; please fill it in.",
    ),
    Left.NO_SERVICE: (
        "Chưa có dịch vụ dữ liệu nào trả lời được; vui lòng khai.",
        "No data service answers it yet; please fill it in.",
    ),
    Left.NOT_LISTED: (
        "Thủ tục này không được phép hỏi trường này.",
        "This procedure may not ask for this field.",
    ),
    Left.NO_AGREEMENT: (
        "Cơ quan chưa có thoả thuận cho trường này.",
        "The agency has no agreement for this field.",
    ),
    Left.SUBJECT: (
        "Thiếu thông tin để hỏi nguồn, ví dụ số thửa hoặc số phát hành.",
        "What the source needs to be asked is missing, such as parcel or serial number.",
    ),
    Left.BEYOND: (
        "Vượt số lần hỏi cho phép trong một biểu mẫu; vui lòng khai.",
        "Beyond the number of questions for one form; please fill it in.",
    ),
    Left.NO_FEED: (
        "Chưa hỏi được vì nguồn phải hỏi trước không trả lời.",
        "Not asked, because the source that must be asked first did not answer.",
    ),
    Left.SEVERAL: (
        "Nguồn có nhiều kết quả; vui lòng chọn một.",
        "The source holds several; please choose one.",
    ),
    Left.NOT_ON_RECORD: (
        "Nguồn không có thông tin này; điều đó không có nghĩa là không tồn tại.",
        "The source does not hold it; that does not mean that it does not exist.",
    ),
    Left.NOT_CONFIRMED: (
        "Nguồn không xác nhận điều đã khai; kiểm tra lại giấy tờ.",
        "The source does not confirm what was stated; check the papers.",
    ),
    Left.DIFFERS: (
        "Các nguồn khác nhau; xem phần mâu thuẫn.",
        "The sources differ; see the contradictions.",
    ),
    Left.NOT_ANNOUNCED: (
        "Cơ sở dữ liệu thay thế chưa được công bố hoặc căn cứ không còn hiệu lực.",
        "The replacing database is not announced, or the basis is not in force.",
    ),
    "several_certificates": (
        "Người này có nhiều giấy chứng nhận; nêu số phát hành.",
        "The person holds several certificates; name the serial.",
    ),
    "several_parcels": (
        "Giấy chứng nhận có nhiều thửa đất; vui lòng chọn một.",
        "The certificate covers several parcels; please choose one.",
    ),
}
_UNKNOWN = ("Không lấy được từ nguồn; vui lòng khai.", "Not obtained; please fill it in.")


def reason(code: str) -> Reason:
    """Return the texts for *code*; an exchange's own code reads as in the table of problems."""
    own = _TEXTS.get(code)
    if own is not None:
        return Reason(code, *own)
    try:
        problem = PROBLEMS[Code(code)]
    except (KeyError, ValueError):
        return Reason(code, *_UNKNOWN)
    return Reason(
        code, f"{problem.title_vi}. {problem.next_vi}", f"{problem.title_en}. {problem.next_en}"
    )
