"""Every refusal and failure as an RFC 9457 problem: one table, in two languages.

Exceptions, OpenAPI responses, the error catalogue (`docs/problems.md`) and the client's constants all
come from `PROBLEMS`.  Texts may change; `code` is stable and is what callers switch on.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from gateway.errors import Code

DOCS = "https://docs.motlan.example/errors/"  # the documentation's own, reserved name (RFC 2606)


class Origin(StrEnum):
    """Where the fault lies."""

    CALLER = "caller"
    GATEWAY = "gateway"
    SOURCE = "source"


class Problem(Struct, frozen=True):
    """What a code means on the wire and to a person."""

    status: int
    origin: Origin
    retryable: bool
    title_vi: str
    title_en: str
    next_vi: str  # what to do now
    next_en: str


_C, _G, _S = Origin.CALLER, Origin.GATEWAY, Origin.SOURCE

PROBLEMS: dict[Code, Problem] = {
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
        "Chưa nêu mục đích", "The purpose is missing or unknown",
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
        "Gửi Content-Type: application/json.", "Send Content-Type: application/json.",
    ),
    Code.BODY_TOO_LARGE: Problem(
        413, _C, False,
        "Nội dung quá lớn", "The body is too large",
        "Giữ nội dung trong 64 KiB.", "Keep the body within 64 KiB.",
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
    Code.TOKEN_MISSING: Problem(
        401, _C, False,
        "Thiếu mã truy cập", "The access token is missing",
        "Lấy mã tại /oauth/token và gửi trong Authorization.", "Get a token at /oauth/token and send it in Authorization.",
    ),
    Code.TOKEN_EXPIRED: Problem(
        401, _C, True,
        "Mã truy cập đã hết hạn", "The access token has expired",
        "Lấy mã mới rồi gửi lại.", "Get a new token and send again.",
    ),
    Code.TOKEN_INVALID: Problem(
        401, _C, False,
        "Mã truy cập không hợp lệ", "The access token is not valid",
        "Lấy mã tại đúng cổng này bằng khoá đã đăng ký.", "Get a token from this gateway with the registered key.",
    ),
    Code.BINDING_REQUIRED: Problem(
        401, _C, False,
        "Mã truy cập chưa gắn với khoá nào", "The access token is bound to no key",
        "Lấy mã kèm bằng chứng DPoP hoặc chứng thư máy khách.", "Get a token with a DPoP proof or a client certificate.",
    ),
    Code.AUTHORIZATION_SCHEME_WRONG: Problem(
        401, _C, False,
        "Kiểu Authorization không hợp với mã", "The scheme of Authorization does not fit the token",
        "Dùng DPoP cho mã gắn khoá, Bearer cho mã gắn chứng thư.", "Use DPoP for a token bound to a key, Bearer for one bound to a certificate.",
    ),
    Code.DPOP_PROOF_MISSING: Problem(
        401, _C, False,
        "Thiếu bằng chứng giữ khoá (DPoP)", "The proof of the key (DPoP) is missing",
        "Ký một bằng chứng cho chính yêu cầu này và gửi trong DPoP.", "Sign a proof for this very request and send it in DPoP.",
    ),
    Code.DPOP_PROOF_INVALID: Problem(
        401, _C, False,
        "Bằng chứng giữ khoá không hợp lệ", "The proof of the key is not valid",
        "Sửa điều nêu trong fact: htm, htu, iat, ath, jti, khoá.", "Correct what fact names: htm, htu, iat, ath, jti, key.",
    ),
    Code.DPOP_PROOF_REPLAYED: Problem(
        401, _C, False,
        "Bằng chứng giữ khoá đã được dùng", "The proof of the key was used before",
        "Ký bằng chứng mới với jti mới cho mỗi yêu cầu.", "Sign a new proof with a new jti for each request.",
    ),
    Code.DPOP_KEY_MISMATCH: Problem(
        401, _C, False,
        "Bằng chứng ký bằng khoá khác với khoá của mã", "The proof is by another key than the token's",
        "Dùng đúng khoá đã lấy mã này; mã lạ thì báo quản trị.", "Use the key that got this token; report a token that is not yours.",
    ),
    Code.USE_DPOP_NONCE: Problem(
        401, _C, True,
        "Bằng chứng cần số dùng một lần mới", "The proof needs a newer nonce",
        "Ký lại với nonce trong DPoP-Nonce của trả lời này.", "Sign again with the nonce in this answer's DPoP-Nonce.",
    ),
    Code.CERTIFICATE_MISSING: Problem(
        401, _C, False,
        "Kết nối không có chứng thư máy khách", "The connection showed no client certificate",
        "Kết nối qua cổng mTLS bằng chứng thư đã lấy mã này.", "Connect through the mTLS address with the certificate that got this token.",
    ),
    Code.CERTIFICATE_MISMATCH: Problem(
        401, _C, False,
        "Chứng thư khác với chứng thư của mã", "The certificate is another than the token's",
        "Lấy mã mới bằng chứng thư đang dùng.", "Get a new token with the certificate in use.",
    ),
    Code.CLIENT_ASSERTION_INVALID: Problem(
        401, _C, False,
        "Chứng thực hệ thống không hợp lệ", "The client assertion is not valid",
        "Kiểm tra khoá, aud, exp và jti của assertion.", "Check key, aud, exp and jti of the assertion.",
    ),
    Code.CLIENT_ASSERTION_REPLAYED: Problem(
        401, _C, False,
        "Chứng thực hệ thống đã được dùng", "The client assertion was used before",
        "Tạo assertion mới với jti mới.", "Make a new assertion with a new jti.",
    ),
    Code.SIGNATURE_MISSING: Problem(
        401, _C, False,
        "Thoả thuận đòi hỏi yêu cầu có chữ ký", "The agreement demands signed requests",
        "Ký theo RFC 9421 bằng khoá đã đăng ký; các thành phần cần ký nêu trong Accept-Signature.",
        "Sign by RFC 9421 with a registered key; Accept-Signature names what to cover.",
    ),
    Code.SIGNATURE_INVALID: Problem(
        401, _C, False,
        "Chữ ký của yêu cầu không hợp lệ", "The request's signature is not valid",
        "Kiểm tra khoá, thành phần được ký, created và tag.", "Check the key, what is covered, created and tag.",
    ),
    Code.SIGNATURE_REPLAYED: Problem(
        401, _C, False,
        "Chữ ký của yêu cầu đã được dùng", "The request's signature was used before",
        "Ký lại từng yêu cầu.", "Sign each request anew.",
    ),
    Code.CONTENT_DIGEST_MISMATCH: Problem(
        400, _C, False,
        "Content-Digest không khớp với nội dung", "Content-Digest does not match the body",
        "Tính Content-Digest trên đúng các byte được gửi.", "Compute Content-Digest over the very bytes that are sent.",
    ),
    Code.TOKEN_REVOKED: Problem(
        401, _C, False,
        "Mã truy cập đã bị thu hồi", "The access token was revoked",
        "Lấy mã mới; nếu không phải bạn thu hồi, báo người quản trị hệ thống.", "Get a new token; if it was not you who revoked it, tell your system's administrator.",
    ),
    Code.AUTHORIZATION_DETAILS_INVALID: Problem(
        400, _C, False,
        "authorization_details không hợp lệ", "The authorization_details are not valid",
        "Chỉ nêu thoả thuận, dịch vụ và mục đích mà hệ thống đang được dùng.", "Name only agreements, services and purposes that the system may use now.",
    ),
    Code.SUBJECT_TOKEN_INVALID: Problem(
        400, _C, False,
        "Mã truy cập của cán bộ không hợp lệ", "The official's token is not valid",
        "Gửi mã còn hạn do hệ thống đăng nhập của cán bộ cấp cho cổng này.", "Send a live token that the staff sign-on issued for this gateway.",
    ),
    Code.OFFICIAL_NOT_ADMITTED: Problem(
        400, _C, False,
        "Cán bộ chưa được phép qua hệ thống này", "The official may not act through this system",
        "Kiểm tra tài khoản cán bộ đang hoạt động và thuộc đúng cơ quan của hệ thống.", "Check that the official's account is active and of the system's own agency.",
    ),
    Code.SCOPE_MISSING: Problem(
        403, _C, False,
        "Mã truy cập không mang thoả thuận này", "The token does not carry this agreement",
        "Xin mã với scope là mã thoả thuận.", "Ask for a token whose scope names the agreement.",
    ),
    Code.OFFICIAL_REQUIRED: Problem(
        403, _C, False,
        "Dịch vụ cần danh tính cán bộ", "The service demands a signed-in official",
        "Đổi mã với phiên đăng nhập của cán bộ.", "Exchange the token with the official's sign-on.",
    ),
    Code.APPLICATION_SUSPENDED: Problem(
        403, _C, False,
        "Hệ thống đang bị tạm dừng", "The system is suspended",
        "Liên hệ đơn vị vận hành.", "Contact the operator.",
    ),
    Code.PERMISSION_MISSING: Problem(
        403, _C, False,
        "Vai trò của bạn không có quyền này", "No role of yours holds this permission",
        "Đăng nhập bằng tài khoản có vai trò phù hợp, hoặc đề nghị người quản trị cấp vai trò.",
        "Sign on with an account that has the role, or ask an administrator for it.",
    ),
    Code.PROVIDER_UNKNOWN: Problem(
        404, _C, False,
        "Không có nơi đăng nhập này", "There is no such place to sign on at",
        "Chọn nơi đăng nhập tại /sign-on.", "Choose a place to sign on at /sign-on.",
    ),
    Code.PROVIDER_UNAVAILABLE: Problem(
        503, _G, True,
        "Nơi đăng nhập không trả lời", "The place to sign on does not answer",
        "Thử lại sau ít phút; người đang đăng nhập không bị ảnh hưởng.", "Try again in a few minutes; whoever is signed on already stays so.",
    ),
    Code.PROVIDER_REFUSED: Problem(
        502, _G, False,
        "Nơi đăng nhập không chấp nhận cổng này", "The place to sign on does not accept this gateway",
        "Báo cho đơn vị vận hành: đăng ký với nơi đăng nhập cần được kiểm tra.", "Tell the operator: the registration at the provider has to be checked.",
    ),
    Code.PROVIDER_UNTRUSTED: Problem(
        502, _G, False,
        "Câu trả lời của nơi đăng nhập không đáng tin", "The provider's answer cannot be trusted",
        "Không đăng nhập qua liên kết lạ; bắt đầu lại tại /sign-on. Nếu lặp lại, báo đơn vị vận hành.",
        "Follow no strange links; begin again at /sign-on. If it happens again, tell the operator.",
    ),
    Code.SIGN_ON_CANCELLED: Problem(
        403, _C, False,
        "Bạn đã không đồng ý đăng nhập", "The sign-on was cancelled",
        "Nếu muốn tiếp tục, đăng nhập lại tại /sign-on.", "To go on, sign on again at /sign-on.",
    ),
    Code.ATTEMPT_UNKNOWN: Problem(
        400, _C, False,
        "Lần đăng nhập này đã cũ hoặc không bắt đầu ở đây", "This sign-on is too old, or did not begin in this browser",
        "Bắt đầu lại tại /sign-on, trong cùng một trình duyệt và trong mười phút.", "Begin again at /sign-on, in one browser and within ten minutes.",
    ),
    Code.TARGET_REFUSED: Problem(
        400, _C, False,
        "Trang muốn đến không thuộc cổng này", "The page to go to is not one of this gateway",
        "Bắt đầu lại tại /sign-on.", "Begin again at /sign-on.",
    ),
    Code.ASSURANCE_TOO_LOW: Problem(
        403, _C, False,
        "Mức xác thực chưa đủ", "The sign-on is not strong enough",
        "Đăng nhập bằng tài khoản định danh mức 2, ngay bây giờ.", "Sign on at level 2, and just now.",
    ),
    Code.CLAIMS_MISSING: Problem(
        502, _G, False,
        "Nơi đăng nhập không cho biết bạn là ai", "The provider does not say who you are",
        "Báo cho đơn vị vận hành: nơi đăng nhập chưa gửi đủ thông tin.", "Tell the operator: the provider does not send what is needed.",
    ),
    Code.LOGOUT_REFUSED: Problem(
        400, _C, False,
        "Thông báo đăng xuất không hợp lệ", "The logout token proves nothing",
        "Ký thông báo mới theo OpenID Connect Back-Channel Logout 1.0.", "Sign a new one by OpenID Connect Back-Channel Logout 1.0.",
    ),
    Code.ACCOUNT_UNKNOWN: Problem(
        403, _C, False,
        "Chưa có tài khoản cho bạn ở đây", "No account here is yours",
        "Nhờ người quản trị của cơ quan bạn tạo tài khoản theo đúng mã cán bộ và mã đơn vị, rồi đăng nhập lại.",
        "Ask your agency's administrator to prepare an account with your staff number and agency, then sign on again.",
    ),
    Code.ACCOUNT_DISABLED: Problem(
        403, _C, False,
        "Tài khoản đã bị vô hiệu hoá", "The account is disabled",
        "Tài khoản không dùng 45 ngày cũng bị vô hiệu hoá. Liên hệ người quản trị của cơ quan bạn để mở lại.",
        "An account unused for 45 days is disabled as well. Ask your agency's administrator to enable it.",
    ),
    Code.ACCOUNT_LOCKED: Problem(
        403, _C, False,
        "Tài khoản đang bị khoá", "The account is locked",
        "Liên hệ người quản trị của cơ quan bạn: một người khác phải mở khoá.",
        "Ask your agency's administrator: another person has to unlock it.",
    ),
    Code.ACCOUNT_EXISTS: Problem(
        409, _C, False,
        "Mã cán bộ này đã có tài khoản", "This staff number has an account",
        "Một người chỉ có một tài khoản; dùng tài khoản đang có, hoặc vô hiệu hoá nó trước.",
        "One person has one account: use the one there is, or disable it first.",
    ),
    Code.ACCOUNT_KIND_REFUSED: Problem(
        403, _C, False,
        "Loại tài khoản này chưa được phục vụ", "Accounts of this kind are not served yet",
        "Hiện chỉ phục vụ cá nhân từ đủ 18 tuổi. Cha mẹ xem thay cho con; tổ chức liên hệ bộ phận một cửa.",
        "Only people of age are served for now. Parents act for a child; organisations turn to the one-stop shop.",
    ),
    Code.LINK_CONFLICT: Problem(
        403, _C, False,
        "Tài khoản đã gắn với một lần đăng nhập khác", "The account belongs to another sign-on",
        "Nếu bạn vừa chuyển đơn vị hoặc đổi mã cán bộ, nhờ người quản trị tạo tài khoản mới; nếu không, báo ngay cho người quản trị.",
        "If your agency or staff number has changed, ask the administrator for a new account; otherwise tell the administrator at once.",
    ),
    Code.SESSION_ENDED: Problem(
        401, _C, False,
        "Phiên đăng nhập đã kết thúc", "The session is over",
        "Đăng nhập lại.", "Sign on again.",
    ),
    Code.STEP_UP_REQUIRED: Problem(
        401, _C, False,
        "Việc này cần xác thực lại ở mức cao hơn", "This needs a fresh and stronger sign-on",
        "Xác thực lại tại POST /sign-on/step-up, rồi làm lại.", "Prove yourself again at POST /sign-on/step-up, then repeat.",
    ),
    Code.CSRF_REFUSED: Problem(
        403, _C, False,
        "Yêu cầu không đến từ trang của cổng này", "The request does not come from a page of ours",
        "Tải lại trang rồi thử lại; gửi X-CSRF-Token lấy ở GET /me.", "Load the page anew and try again; send X-CSRF-Token from GET /me.",
    ),
    Code.ROLES_EXCLUDE: Problem(
        409, _C, False,
        "Hai vai trò không được do một người giữ", "One person cannot hold both roles",
        "Xem các cặp vai trò ở GET /v1/roles; thu vai trò kia trước, hoặc giao cho người khác.",
        "See the pairs at GET /v1/roles: take the other role away first, or choose another person.",
    ),
    Code.BREAK_GLASS_REFUSED: Problem(
        401, _C, False,
        "Mã khẩn cấp không mở được gì", "The emergency secret opens nothing",
        "Mã chỉ dùng một lần và chóng hết hạn; mở lại bằng motlan people break-glass open trên máy chủ.",
        "It is used once and soon over; open another with motlan people break-glass open on the server.",
    ),
    Code.BREAK_GLASS_LOCKED: Problem(
        403, _C, False,
        "Cửa khẩn cấp đã khoá sau năm lần sai mã", "The emergency door is locked after five wrong secrets",
        "Một người khác chạy motlan people break-glass unlock trên máy chủ.",
        "Another person runs motlan people break-glass unlock on the server.",
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
    Code.MOVE_REFUSED: Problem(
        409, _C, False,
        "Trạng thái hiện tại không cho phép việc này", "The present state does not allow this",
        "Xem lại trạng thái; có thể việc này đã được làm.", "Look at the state again; it may have been done already.",
    ),
    Code.SECOND_PERSON_MISSING: Problem(
        403, _C, False,
        "Phải do một người thứ hai quyết định", "A second person must decide",
        "Nhờ người khác có quyền phê duyệt; người đề nghị không tự duyệt được.", "Ask somebody else who may approve; whoever asked cannot.",
    ),
    Code.PROOF_NOT_READY: Problem(
        503, _G, True,
        "Dòng nhật ký chưa vào cây chứng minh", "The record is not under a checkpoint yet",
        "Thử lại sau vài giây.", "Try again in a few seconds.",
    ),
    Code.INDEX_DIFFERS: Problem(
        500, _G, False,
        "Danh sách tìm được khác với chỉ mục đã công bố", "The list found is not the one that was published",
        "Báo cho đơn vị kiểm toán: nhật ký cần được kiểm tra.", "Tell the auditors: the log has to be examined.",
    ),
    Code.NO_MATCH: Problem(
        404, _S, False,
        "Không khớp với dữ liệu nguồn", "The source recognises nobody by these data",
        "Kiểm tra lại giấy tờ; không tìm thấy không có nghĩa là không tồn tại. Sai sót ở nguồn: thủ tục 1.012564.",
        "Check the papers; not found does not mean not existing. Errors at the source: procedure 1.012564.",
    ),
    Code.QUERY_NOT_UNDERSTOOD: Problem(
        400, _C, False,
        "Không hiểu câu tìm", "The query is not understood",
        "Sửa chỗ nêu trong errors: at là vị trí ký tự đầu, tính từ 0.",
        "Correct the place named in errors: at counts characters from 0.",
    ),
    Code.SEARCH_TOO_WIDE: Problem(
        422, _C, False,
        "Phạm vi tìm quá rộng", "The search takes too long",
        "Thu hẹp thời gian hoặc thêm điều kiện.", "Narrow the window of time, or add a qualifier.",
    ),
    Code.EXPORT_NOT_READY: Problem(
        409, _C, True,
        "Tệp kết xuất chưa xong", "The export is not finished",
        "Đợi vài giây rồi hỏi lại.", "Wait some seconds and ask again.",
    ),
    Code.EXPORT_GONE: Problem(
        410, _C, False,
        "Tệp kết xuất không còn", "The export is no longer there",
        "Tạo kết xuất mới.", "Ask for a new export.",
    ),
    Code.SOURCE_UNAVAILABLE: Problem(
        503, _S, True,
        "Nguồn dữ liệu đang không phục vụ", "The source is not serving",
        "Thử lại sau; nếu gấp, tiếp nhận giấy tờ thay thế.", "Try again later; if urgent, accept the paper instead.",
    ),
    Code.SOURCE_TIMEOUT: Problem(
        504, _S, True,
        "Nguồn dữ liệu không trả lời kịp", "The source did not answer in time",
        "Thử lại sau.", "Try again later.",
    ),
    Code.SOURCE_MALFORMED: Problem(
        502, _S, True,
        "Nguồn dữ liệu trả lời sai dạng", "The source's answer is malformed",
        "Đơn vị vận hành đã được báo.", "The operator has been told.",
    ),
    Code.SOURCE_SCHEMA_MISMATCH: Problem(
        502, _S, False,
        "Nguồn dữ liệu trả lời khác hợp đồng", "The source's answer is outside its contract",
        "Đơn vị vận hành đã được báo.", "The operator has been told.",
    ),
    Code.CIRCUIT_OPEN: Problem(
        503, _S, True,
        "Tạm ngừng hỏi nguồn vì lỗi liên tiếp", "The source is not being asked because it keeps failing",
        "Thử lại sau thời gian nêu trong Retry-After.", "Try again after Retry-After.",
    ),
    Code.AUDIT_UNAVAILABLE: Problem(
        503, _G, True,
        "Chưa ghi được nhật ký nên không cung cấp dữ liệu", "No record could be made, so no data leaves",
        "Thử lại sau thời gian nêu trong Retry-After.", "Try again after Retry-After.",
    ),
    Code.WITNESS_OVERDUE: Problem(
        503, _G, True,
        "Đã quá lâu chưa có bên làm chứng xác nhận nhật ký nên dịch vụ này tạm dừng", "No quorum of witnesses has confirmed the log for too long, so this service pauses",
        "Thử lại sau; đơn vị vận hành cần khôi phục kết nối tới các bên làm chứng.", "Try again later; the operator has to reach the witnesses again.",
    ),
    Code.OVERLOADED: Problem(
        503, _G, True,
        "Cổng đang quá tải", "The gateway is at its limit",
        "Thử lại sau thời gian nêu trong Retry-After.", "Try again after Retry-After.",
    ),
    Code.DATABASE_UNAVAILABLE: Problem(
        503, _G, True,
        "Cơ sở dữ liệu của cổng không phục vụ", "The gateway's database is not serving",
        "Thử lại sau thời gian nêu trong Retry-After.", "Try again after Retry-After.",
    ),
    Code.INTERNAL: Problem(
        500, _G, True,
        "Cổng gặp lỗi", "The gateway failed",
        "Thử lại; nếu còn lỗi, báo mã exchange_id.", "Try again; if it persists, report the exchange_id.",
    ),
}  # fmt: skip

# Facts of a refusal that may leave with it; anything else stays inside.
PUBLIC_FACTS = frozenset(
    {
        "errors",
        "fact",  # which check failed, in words of ours
        "level",
        "max_age_s",
        "missing",
        "retry_after_s",
        "service",
        "alternative",
        "agreement",
        "purpose",
        "procedure",
        "consent",
    }
)


def problem_type(code: Code) -> str:
    """Return the URI of the page that explains *code* (RFC 9457 section 3.1.1)."""
    return DOCS + code.value.replace("_", "-")


def problem_body(
    code: Code,
    *,
    exchange_id: str,
    facts: Mapping[str, object],
    trace_id: str | None,
    vietnamese: bool,
) -> dict[str, Any]:
    """Return the members of the problem document, Vietnamese first unless English was asked for.

    Both languages always travel: `title` and `detail` follow the caller, `title_vi` and `title_en` stay.
    """
    problem = PROBLEMS[code]
    body: dict[str, Any] = {
        "type": problem_type(code),
        "title": problem.title_vi if vietnamese else problem.title_en,
        "status": problem.status,
        "code": code.value,
        "origin": problem.origin.value,
        "detail": problem.next_vi if vietnamese else problem.next_en,
        "title_vi": problem.title_vi,
        "title_en": problem.title_en,
        "next_vi": problem.next_vi,
        "next_en": problem.next_en,
        "instance": f"urn:motlan:request:{exchange_id}",
        "exchange_id": exchange_id,
        "trace_id": trace_id,
        "retryable": problem.retryable,
    }
    body.update((name, value) for name, value in facts.items() if name in PUBLIC_FACTS)
    return body


def field_error(pointer: str, code: str, vi: str, en: str) -> dict[str, str]:
    """Return one entry of a problem's `errors`: where (RFC 6901), what, in two languages."""
    return {"pointer": pointer, "code": code, "message_vi": vi, "message_en": en}
