"""How a system may fail to prove who it is, or what it may."""

from gateway.errors import Code
from gateway.problems.shape import Origin, Problem

_C = Origin.CALLER

SYSTEMS: dict[Code, Problem] = {
    Code.TOKEN_MISSING: Problem(
        401, _C, False,
        "Thiếu mã truy cập", "The access token is missing",
        "Hệ thống lấy mã tại /oauth/token và gửi trong Authorization; người dùng đăng nhập tại /sign-on.",
        "A system gets a token at /oauth/token and sends it in Authorization; a person signs on at /sign-on.",
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
}  # fmt: skip
