"""How a question may end at the record, at a source, or at ourselves."""

from gateway.errors import Code
from gateway.problems.shape import Origin, Problem

_C, _G, _S = Origin.CALLER, Origin.GATEWAY, Origin.SOURCE

ENDS: dict[Code, Problem] = {
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
