"""What a question may be refused for: its form, what it asks, whether it may."""

from gateway.errors import Code
from gateway.problems.shape import Origin, Problem

_C, _G = Origin.CALLER, Origin.GATEWAY

CALLS: dict[Code, Problem] = {
    Code.VALIDATION_FAILED: Problem(
        400, _C, False,
        "Nội dung yêu cầu chưa đúng", "The request does not have the agreed form",
        "Sửa các thành phần nêu trong errors rồi gửi lại.", "Correct the members named in errors and send again.",
    ),
    Code.MALFORMED_JSON: Problem(
        400, _C, False,
        "Nội dung không phải JSON hợp lệ", "The body is not valid JSON",
        "Gửi một đối tượng JSON, mã hoá UTF-8, sâu tối đa 16 cấp.", "Send one JSON object in UTF-8, at most 16 levels deep.",
    ),
    Code.PURPOSE_MISSING: Problem(
        400, _C, False,
        "Mục đích còn thiếu hoặc không có trong danh mục", "The purpose is missing or unknown",
        "Nêu purpose theo danh mục mục đích.", "Name a purpose of the purpose list.",
    ),
    Code.PROCEDURE_REQUIRED: Problem(
        400, _C, False,
        "Chưa nêu thủ tục hành chính", "The procedure is missing",
        "Nêu procedure là mã thủ tục đang giải quyết.", "Name in procedure the code of the procedure being handled.",
    ),
    Code.DOSSIER_REQUIRED: Problem(
        400, _C, False,
        "Chưa nêu mã hồ sơ", "The dossier is missing",
        "Nêu dossier là mã hồ sơ đang giải quyết.", "Name in dossier the dossier being handled.",
    ),
    Code.UNSUPPORTED_MEDIA_TYPE: Problem(
        415, _C, False,
        "Kiểu nội dung không được hỗ trợ", "The media type is not supported",
        "Gửi Content-Type: application/json, không nén và không có Content-Encoding.", "Send Content-Type: application/json, not compressed and without Content-Encoding.",
    ),
    Code.BODY_TOO_LARGE: Problem(
        413, _C, False,
        "Nội dung quá lớn", "The body is too large",
        "Giữ nội dung trong 64 KiB.", "Keep the body within 64 KiB.",
    ),
    Code.HEAD_TOO_LARGE: Problem(
        431, _C, False,
        "Phần đầu yêu cầu quá lớn", "The head of the request is too large",
        "Giữ dòng yêu cầu và các trường đầu trong 64 KiB.", "Keep the request line and the header fields within 64 KiB.",
    ),
    Code.NOT_HTTP: Problem(
        400, _C, False,
        "Yêu cầu không đúng giao thức HTTP/1.1", "The request is not HTTP/1.1",
        "Sửa máy khách hoặc proxy; xem địa chỉ có dùng https hay không.", "Mend the client or the proxy; see whether the address is one of https.",
    ),
    Code.METHOD_NOT_ALLOWED: Problem(
        405, _C, False,
        "Phương thức không được dùng ở đây", "The method is not allowed here",
        "Dùng phương thức nêu trong Allow.", "Use a method that Allow names.",
    ),
    Code.NOT_FOUND: Problem(
        404, _C, False,
        "Không có địa chỉ này", "There is nothing at this address",
        "Xem /schema/openapi.json.", "See /schema/openapi.json.",
    ),
    Code.SERVICE_UNKNOWN: Problem(
        404, _C, False,
        "Không có dịch vụ này trong danh mục", "No such service is published",
        "Xem danh mục dịch vụ.", "See the service catalog.",
    ),
    Code.SERVICE_DISABLED: Problem(
        403, _C, False,
        "Dịch vụ có trong danh mục nhưng không mở", "The service is listed and not open",
        "Dùng dịch vụ ít xâm phạm hơn, hoặc đề nghị theo yêu cầu đặc thù.", "Use a less intrusive service, or make a special request.",
    ),
    Code.VERSION_RETIRED: Problem(
        410, _C, False,
        "Phiên bản dịch vụ đã ngừng", "The service version is retired",
        "Chuyển sang phiên bản kế tiếp.", "Move to the successor version.",
    ),
    Code.SANDBOX_REFUSED: Problem(
        403, _C, False,
        "Hệ thống thử nghiệm không được lấy dữ liệu thật", "A system of the sandbox gets no real data",
        "Gọi cổng thử nghiệm, hoặc đăng ký hệ thống chính thức với khoá khác.",
        "Ask the gateway of the sandbox, or register a live system with another key.",
    ),
    Code.ADDRESS_REFUSED: Problem(
        403, _C, False,
        "Hệ thống không được gọi từ địa chỉ mạng này", "The system may not ask from this network address",
        "Gọi từ dải địa chỉ đã đăng ký, hoặc đề nghị quản trị sửa đăng ký.",
        "Ask from a registered address range, or have the registration amended.",
    ),
    Code.PRECONDITION_FAILED: Problem(
        412, _C, False,
        "Bản ghi đã ở phiên bản khác", "The registration is at another version",
        "Đọc lại, xem ETag mới, rồi gửi lại với If-Match.", "Read it again, look at the new ETag, and send again with If-Match.",
    ),
    Code.PRECONDITION_REQUIRED: Problem(
        428, _C, False,
        "Chưa nêu phiên bản đã đọc", "The version that was read is missing",
        "Gửi If-Match với ETag đã đọc, hoặc If-None-Match: * khi đăng ký mới.",
        "Send If-Match with the ETag that was read, or If-None-Match: * to register anew.",
    ),
    Code.VERSION_CONFLICT: Problem(
        409, _G, True,
        "Danh mục vừa thay đổi trong lúc xử lý", "The catalog changed while the call was under way",
        "Gửi lại yêu cầu.", "Send the request again.",
    ),
    Code.PROCEDURE_UNKNOWN: Problem(
        404, _C, False,
        "Không có thủ tục này trong danh mục", "No such procedure is in the catalog",
        "Kiểm tra mã thủ tục.", "Check the procedure's code.",
    ),
    Code.NO_AGREEMENT: Problem(
        403, _C, False,
        "Chưa có thoả thuận cho dịch vụ này", "No agreement covers this service",
        "Đề nghị kết nối với cơ quan chủ quản dữ liệu.", "Request access from the owner of the data.",
    ),
    Code.AGREEMENT_EXPIRED: Problem(
        403, _C, False,
        "Thoả thuận đã hết hạn hoặc chưa có hiệu lực", "The agreement is outside its term",
        "Gia hạn thoả thuận.", "Renew the agreement.",
    ),
    Code.AGREEMENT_SUSPENDED: Problem(
        403, _C, False,
        "Thoả thuận đang bị tạm dừng", "The agreement is suspended",
        "Xem lý do tạm dừng với cơ quan chủ quản dữ liệu.", "Ask the owner of the data for the reason.",
    ),
    Code.PURPOSE_NOT_COVERED: Problem(
        403, _C, False,
        "Mục đích không thuộc thoả thuận hoặc pháp luật", "The purpose is not covered",
        "Dùng mục đích đã thoả thuận.", "Use a purpose of the agreement.",
    ),
    Code.PROCEDURE_NOT_COVERED: Problem(
        403, _C, False,
        "Thủ tục không thuộc thoả thuận hoặc thẩm quyền", "The procedure is not covered",
        "Kiểm tra mã thủ tục và thẩm quyền giải quyết.", "Check the procedure's code and who is competent for it.",
    ),
    Code.FIELD_NOT_ALLOWED: Problem(
        403, _C, False,
        "Không trường nào được phép cung cấp", "None of the fields may leave",
        "Chỉ yêu cầu các trường trong thoả thuận.", "Ask for fields of the agreement only.",
    ),
    Code.OUTSIDE_WINDOW: Problem(
        403, _C, True,
        "Ngoài thời gian được phép", "Outside the agreed hours",
        "Gửi lại trong khung giờ thoả thuận.", "Send again within the agreed hours.",
    ),
    Code.QUOTA: Problem(
        429, _C, True,
        "Đã hết hạn mức trong ngày", "The day's quota is used up",
        "Chờ đến thời điểm nêu trong Retry-After.", "Wait as long as Retry-After says.",
    ),
    Code.RATE_LIMITED: Problem(
        429, _C, True,
        "Gửi quá nhanh", "Too many calls in a minute",
        "Chờ đến thời điểm nêu trong Retry-After.", "Wait as long as Retry-After says.",
    ),
    Code.PERSON_BUDGET: Problem(
        429, _C, True,
        "Đã tra cứu đủ số người trong ngày", "The day's number of distinct people is used up",
        "Chờ đến thời điểm nêu trong Retry-After.", "Wait as long as Retry-After says.",
    ),
    Code.NO_LEGAL_BASIS: Problem(
        403, _C, False,
        "Không có căn cứ pháp lý cho yêu cầu này", "No legal basis carries this call",
        "Kiểm tra mục đích, thủ tục và hiệu lực của căn cứ.", "Check purpose, procedure and whether the basis is in force.",
    ),
    Code.CONSENT_REQUIRED: Problem(
        403, _C, False,
        "Cần sự đồng ý của người dân", "The person's consent is required",
        "Xin đồng ý theo đúng mục đích, trường dữ liệu và bên nhận.", "Ask for consent to this purpose, these fields and this recipient.",
    ),
    Code.CONSENT_WITHDRAWN: Problem(
        403, _C, False,
        "Người dân đã rút sự đồng ý", "The person has withdrawn the consent",
        "Ngừng xử lý; chỉ xin lại khi có lý do mới.", "Stop processing; ask again only for a new reason.",
    ),
    Code.REPRESENTATIVE_REQUIRED: Problem(
        403, _C, False,
        "Cần người đại diện hợp pháp", "The legal representative must act",
        "Gửi kèm mã đại diện còn hiệu lực.", "Send the id of a live representation.",
    ),
}  # fmt: skip
