"""How a person may fail to sign on, or to be allowed."""

from gateway.errors import Code
from gateway.problems.shape import Origin, Problem

_C, _G = Origin.CALLER, Origin.GATEWAY

PEOPLE: dict[Code, Problem] = {
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
}  # fmt: skip
