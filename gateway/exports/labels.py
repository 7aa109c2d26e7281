"""Plain Vietnamese for the words of a leaf; codes stay codes beside them."""

from gateway.audit.events import Decision, Delivered, Event, Matched, Op

EVENTS: dict[Event, str] = {
    Event.ACCESS: "Tra cứu dữ liệu",
    Event.ACCESS_OUTCOME: "Kết quả gửi dữ liệu",
    Event.DENY: "Từ chối",
    Event.DENY_AGGREGATE: "Từ chối bên chưa định danh (gộp theo phút)",
    Event.CONSENT_ASK: "Hỏi ý kiến người dân",
    Event.CONSENT_DEFER: "Người dân để sau",
    Event.CONSENT_GRANT: "Người dân đồng ý",
    Event.CONSENT_REFUSE: "Người dân không đồng ý",
    Event.CONSENT_RENEW: "Người dân gia hạn đồng ý",
    Event.CONSENT_WITHDRAW: "Người dân rút lại đồng ý",
    Event.CONSENT_EXPIRE: "Đồng ý hết hạn",
    Event.CONSENT_REVOKE: "Thu hồi đồng ý",
    Event.CONSENT_INVALIDATE: "Đồng ý bị vô hiệu",
    Event.CONSENT_SHRED: "Huỷ chứng cứ đồng ý hết hạn lưu",
    Event.NOTICE_PUBLISH: "Công bố văn bản thông báo",
    Event.REPRESENTATION_RECORD: "Ghi nhận người đại diện",
    Event.REPRESENTATION_CONFIRM: "Xác nhận người đại diện",
    Event.REPRESENTATION_END: "Chấm dứt đại diện",
    Event.AGREEMENT_SIGN: "Thoả thuận có hiệu lực",
    Event.AGREEMENT_AMEND: "Sửa đổi thoả thuận",
    Event.AGREEMENT_SUSPEND: "Tạm dừng thoả thuận",
    Event.AGREEMENT_RESUME: "Tiếp tục thoả thuận",
    Event.AGREEMENT_TERMINATE: "Chấm dứt thoả thuận",
    Event.CATALOG_DRAFT: "Soạn mục danh mục",
    Event.CATALOG_REVIEW: "Thẩm định mục danh mục",
    Event.CATALOG_PUBLISH: "Công bố mục danh mục",
    Event.CATALOG_DEPRECATE: "Báo ngừng phiên bản",
    Event.CATALOG_DISABLE: "Tắt dịch vụ",
    Event.CATALOG_ENABLE: "Bật lại dịch vụ",
    Event.CATALOG_RETIRE: "Ngừng phiên bản",
    Event.POLICY_PUBLISH: "Bảng quyết định có hiệu lực",
    Event.POLICY_REJECT: "Không nhận cấu hình mới",
    Event.POLICY_RETIRE: "Bảng quyết định hết hiệu lực",
    Event.SETTINGS_APPLY: "Áp dụng cấu hình",
    Event.SYSTEM_REGISTER: "Đăng ký hệ thống",
    Event.SYSTEM_AMEND: "Sửa đăng ký hệ thống",
    Event.SYSTEM_SUSPEND: "Tạm dừng hệ thống",
    Event.SYSTEM_RESUME: "Cho hệ thống hoạt động lại",
    Event.SYSTEM_BLOCK: "Chặn hệ thống",
    Event.ROLE_ASK: "Đề nghị giao vai trò",
    Event.ROLE_GRANT: "Giao vai trò",
    Event.ROLE_REFUSE: "Không giao vai trò",
    Event.ROLE_CONFIRM: "Xác nhận vai trò khi rà soát",
    Event.ROLE_REVOKE: "Thu vai trò",
    Event.REVIEW_OPEN: "Mở đợt rà soát quyền",
    Event.KEY_CREATE: "Tạo khoá",
    Event.KEY_ROTATE: "Thay khoá",
    Event.KEY_REVOKE: "Thu hồi khoá",
    Event.KEY_DESTROY: "Huỷ khoá",
    Event.AUDIT_SEARCH: "Tra cứu nhật ký",
    Event.AUDIT_EXPORT: "Kết xuất nhật ký",
    Event.AUDIT_UNBLIND: "Mở bút danh hoặc mã băm",
    Event.FINDING_CONFIRM: "Xác nhận dấu hiệu bất thường",
    Event.FINDING_DISMISS: "Loại bỏ dấu hiệu bất thường",
    Event.OWN_READ: "Người dân xem lịch sử truy cập của mình",
    Event.QUESTION_ASK: "Người dân hỏi về một lần truy cập",
    Event.QUESTION_ACKNOWLEDGE: "Cơ quan tiếp nhận câu hỏi",
    Event.QUESTION_ANSWER: "Cơ quan trả lời câu hỏi",
    Event.QUESTION_CLOSE: "Đóng câu hỏi",
    Event.SEAL_ASK: "Đề nghị niêm phong một lần truy cập",
    Event.SEAL_APPROVE: "Duyệt niêm phong",
    Event.SEAL_REFUSE: "Không duyệt niêm phong",
    Event.SEAL_OPEN: "Mở niêm phong",
    Event.BREAKGLASS_OPEN: "Mở quyền khẩn cấp",
    Event.BREAKGLASS_ENTER: "Đăng nhập bằng quyền khẩn cấp",
    Event.BREAKGLASS_FAIL: "Nhập sai mã khẩn cấp",
    Event.BREAKGLASS_ACT: "Thao tác bằng quyền khẩn cấp",
    Event.BREAKGLASS_CLOSE: "Đóng quyền khẩn cấp",
    Event.BREAKGLASS_JUDGE: "Đánh giá việc dùng quyền khẩn cấp",
    Event.BREAKGLASS_UNLOCK: "Mở khoá cửa khẩn cấp",
    Event.WRITER_OPEN: "Bắt đầu một chuỗi ghi",
    Event.WRITER_CLOSE: "Kết thúc một chuỗi ghi",
    Event.INDEX_PUBLISH: "Công bố chỉ mục ngày",
    Event.PROVIDER_RECONCILE: "Đối chiếu với nhật ký của nguồn",
    Event.ARCHIVE_VERIFY: "Kiểm tra kho lưu trữ",
    Event.ARCHIVE_DROP: "Chuyển một ngày sang kho lưu trữ",
}

DECISIONS: dict[Decision, str] = {Decision.ALLOW: "Cho phép", Decision.DENY: "Từ chối"}

DELIVERED: dict[Delivered, str] = {
    Delivered.YES: "Đã gửi",
    Delivered.NO: "Không gửi",
    Delivered.PARTIAL: "Gửi một phần",
    Delivered.UNKNOWN: "Chưa rõ, có thể đã gửi",
}

MATCHES: dict[Matched, str] = {
    Matched.EXACT: "Khớp",
    Matched.SUPERSEDED: "Khớp theo số cũ",
    Matched.NONE: "Không khớp",
    Matched.NOT_A_PERSON: "Không phải người",
}

OPERATIONS: dict[Op, str] = {
    Op.READ: "Đọc",
    Op.LIST: "Liệt kê",
    Op.SEARCH: "Tìm",
    Op.WRITE: "Ghi",
    Op.EXPORT: "Kết xuất",
}


def event_name(event: Event) -> str:
    """Return *event* in plain Vietnamese; its code when nobody has named it yet."""
    return EVENTS.get(event, event.value)
