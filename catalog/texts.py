"""What each finding says to the person who has to mend it: Vietnamese first, then English."""

from catalog.errors import Fault, Finding, Path
from catalog.vietnamese import in_vietnamese

TEXTS: dict[Fault, tuple[str, str]] = {
    Fault.YAML_BROKEN: ("Tệp không phải YAML hợp lệ: {problem}.", "Not YAML: {problem}."),
    Fault.FILE_TOO_LARGE: (
        "Tệp lớn hơn {limit} byte.",
        "The file is larger than {limit} bytes.",
    ),
    Fault.NESTED_TOO_DEEP: (
        "Lồng nhau quá {limit} tầng.",
        "Nested deeper than {limit} levels.",
    ),
    Fault.ALIAS_REFUSED: (
        "Không dùng bí danh (*, &) của YAML; hãy viết lại đầy đủ.",
        "YAML aliases are refused; write the value out.",
    ),
    Fault.TAG_REFUSED: ("Không dùng thẻ YAML {tag}.", "The YAML tag {tag} is refused."),
    Fault.MEMBER_TWICE: ("Thành phần {member} có hai lần.", "Member {member} occurs twice."),
    Fault.NOT_A_DOCUMENT: (
        "Mỗi tài liệu phải là một bảng tên và giá trị.",
        "Each document must be a mapping of names to values.",
    ),
    Fault.KIND_UNKNOWN: ("Không có loại tài liệu {kind}.", "There is no kind {kind}."),
    Fault.MEMBER_UNKNOWN: (
        "Loại này không có thành phần {member}, hoặc hệ thống tự đặt.",
        "The kind has no member {member}, or the catalog itself gives it.",
    ),
    Fault.VALUE_WRONG: ("Giá trị sai: {problem}.", "Wrong value: {problem}."),
    Fault.ZONE_MISSING: (
        "Thời điểm {member} thiếu múi giờ, ví dụ +07:00.",
        "The instant {member} lacks a zone, such as +07:00.",
    ),
    Fault.REASON_MISSING: (
        "Trạng thái này cần lý do (state_reason).",
        "This state needs a reason (state_reason).",
    ),
    Fault.REASON_IDLE: (
        "Có lý do (state_reason) mà không có trạng thái.",
        "There is a reason (state_reason) and no state.",
    ),
    Fault.CODE_TWICE: ("Mã đã khai báo tại {first}.", "The code was declared at {first}."),
    Fault.TWO_AUTHORITIES: (
        "Phần tử đã có nguồn gốc khác, khai báo tại {first}; mỗi phần tử chỉ có một.",
        "Another dataset is authoritative at {first}; an element has exactly one.",
    ),
    Fault.UNKNOWN_AGENCY: ("Không có cơ quan {named}.", "There is no agency {named}."),
    Fault.UNKNOWN_DATASET: (
        "Không có cơ sở dữ liệu {named}.",
        "There is no dataset {named}.",
    ),
    Fault.UNKNOWN_ELEMENT: (
        "Không có phần tử dữ liệu {named}.",
        "There is no element {named}.",
    ),
    Fault.UNKNOWN_SERVICE: ("Không có dịch vụ {named}.", "There is no service {named}."),
    Fault.UNKNOWN_BASIS: ("Không có căn cứ pháp lý {named}.", "There is no basis {named}."),
    Fault.UNKNOWN_PURPOSE: ("Không có mục đích {named}.", "There is no purpose {named}."),
    Fault.UNKNOWN_PROCEDURE: ("Không có thủ tục {named}.", "There is no procedure {named}."),
    Fault.CODE_FORM: ("Mã {named} sai dạng: {problem}.", "Code {named}: {problem}."),
    Fault.TEXT_MISSING: ("Thiếu nội dung.", "The text is missing."),
    Fault.PARENT_LOOP: (
        "Cơ quan là cấp trên của chính nó.",
        "The agency is above itself.",
    ),
    Fault.VALIDITY_REVERSED: (
        "Hết hiệu lực trước khi có hiệu lực.",
        "The validity ends before it begins.",
    ),
    Fault.GRADE_OUT_OF_RANGE: ("Cấp độ phải từ 1 đến 4.", "The grade must be 1 to 4."),
    Fault.LETTER_MISSING: (
        "Dữ liệu cá nhân nhạy cảm phải nêu điểm, khoản của NĐ 356/2025.",
        "A sensitive element must name its letter in NĐ 356/2025.",
    ),
    Fault.BASIS_NOT_IN_FORCE: (
        "Căn cứ {named} không còn hoặc chưa có hiệu lực.",
        "Basis {named} is not in force.",
    ),
    Fault.DATASET_VERSION_MISMATCH: (
        "Cơ sở dữ liệu đang ở phiên bản {version}.",
        "The dataset is at version {version}.",
    ),
    Fault.SOURCE_MISMATCH: (
        "Nguồn phải là {source} như cơ sở dữ liệu.",
        "The source must be {source}, as the dataset says.",
    ),
    Fault.SERVICE_WITHOUT_ELEMENTS: (
        "Dịch vụ không trả phần tử nào.",
        "The service has no element.",
    ),
    Fault.BULK_NOT_DISABLED: (
        "Dịch vụ lấy hàng loạt phải ở trạng thái disabled.",
        "A bulk service must be disabled.",
    ),
    Fault.SUNSET_MISSING: (
        "Phiên bản sắp ngừng phải nêu ngày ngừng (sunset).",
        "A deprecated version must say its sunset.",
    ),
    Fault.LOWER_NOT_LOWER: (
        "Dịch vụ {named} không ít xâm phạm hơn.",
        "Service {named} is not less intrusive.",
    ),
    Fault.SUBJECT_UNKNOWN: (
        "Không có thành phần {named} của đối tượng tra cứu.",
        "A subject has no member {named}.",
    ),
    Fault.DEADLINE_OUT_OF_RANGE: (
        "Thời hạn phải từ 100 đến 30000 mili giây.",
        "The deadline must be 100 to 30,000 milliseconds.",
    ),
    Fault.PROCEDURE_EXCEEDS_SERVICE: (
        "Dịch vụ {service} không trả phần tử {named}.",
        "Service {service} does not give {named}.",
    ),
    Fault.FORM_FIELD_WRONG: (
        "Trường phải nêu cả dịch vụ và phần tử, hoặc không nêu cả hai.",
        "A field names both a service and an element, or neither.",
    ),
    Fault.FORM_FIELD_UNKNOWN: (
        "Biểu mẫu không có trường {named}.",
        "The form has no field {named}.",
    ),
    Fault.FORM_FIELD_NOT_LISTED: (
        "Thủ tục không liệt kê {named} của {service}.",
        "The procedure does not list {named} of {service}.",
    ),
    Fault.COMPONENT_UNKNOWN: (
        "Hồ sơ không có thành phần {named}.",
        "The dossier has no component {named}.",
    ),
    Fault.ITEMS_INCOMPLETE: (
        "Thoả thuận thiếu hoặc thừa nội dung: {named}.",
        "The twelve items are not complete: {named}.",
    ),
    Fault.PROVIDER_NOT_OWNER: (
        "Bên cung cấp không quản lý dịch vụ {service}.",
        "The provider does not own service {service}.",
    ),
    Fault.AGREEMENT_WITHOUT_SCOPE: (
        "Thoả thuận không có phạm vi hoặc không có hệ thống.",
        "The agreement has no scope, or no system.",
    ),
    Fault.SCOPE_TWICE: ("Phạm vi {named} có hai lần.", "Scope {named} occurs twice."),
    Fault.SCOPE_EMPTY: (
        "Phạm vi phải có ít nhất một phần tử và một mục đích.",
        "A scope needs an element and a purpose.",
    ),
    Fault.SCOPE_EXCEEDS_SERVICE: (
        "Dịch vụ {service} không trả phần tử {named}.",
        "Service {service} does not give {named}.",
    ),
    Fault.SCOPE_PROCEDURE_IDLE: (
        "Thủ tục {named} không dùng phần tử nào của phạm vi này.",
        "Procedure {named} lists nothing that this scope lets out.",
    ),
    Fault.QUOTA_OUT_OF_RANGE: ("Hạn mức phải từ 1 trở lên.", "A quota must be 1 or more."),
    Fault.WINDOW_WRONG: (
        "Khung giờ sai: ngày 1 đến 7, giờ 0 đến 24, đầu trước cuối.",
        "Wrong window: days 1 to 7, hours 0 to 24, start before end.",
    ),
    Fault.RULE_ORDER_TAKEN: (
        "Thứ tự đã thuộc về quy tắc {named}.",
        "Rule {named} has the same order.",
    ),
    Fault.RULE_WORD_UNKNOWN: ("Không hiểu từ {named}.", "The word {named} is unknown."),
    Fault.RULE_UNREACHABLE: (
        "Quy tắc không bao giờ được dùng.",
        "Earlier rules take every case of this one.",
    ),
    Fault.DECISION_TABLE_GAP: (
        "Bảng quyết định không nói gì về: {named}.",
        "The decision table is silent about: {named}.",
    ),
    Fault.VERSION_NOT_RAISED: (
        "Nội dung đã đổi nhưng phiên bản vẫn là {version}.",
        "The content changed and the version is still {version}.",
    ),
    Fault.TERMINATED_STAYS: (
        "Thoả thuận đã chấm dứt không sửa được nữa; hãy lập thoả thuận mới.",
        "A terminated agreement cannot change; write a new one.",
    ),
}


def text(finding: Finding) -> tuple[str, str]:
    """Return what *finding* says, in Vietnamese and in English."""
    vi, en = TEXTS[finding.fault]
    facts = dict(finding.facts)
    if "problem" in facts:
        facts["problem"] = in_vietnamese(str(facts["problem"]))
    return vi.format_map(facts), en.format_map(finding.facts)


def line(finding: Finding) -> str:
    """Return *finding* as one line for a terminal: place, entry, code, both languages."""
    vi, en = text(finding)
    where = f"{finding.place}: " if finding.place else ""
    entry = f"{finding.kind} {finding.code}".strip() if finding.kind else ""
    member = pointer(finding.path)
    named = " ".join(part for part in (entry, member) if part)
    return f"{where}{finding.fault}: {named + ': ' if named else ''}{vi} / {en}"


def pointer(path: Path) -> str:
    """Return *path* as dotted members, "scopes.0.elements"."""
    return ".".join(str(step) for step in path)
