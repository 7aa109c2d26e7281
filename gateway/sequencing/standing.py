"""How the sequencer stands, in values: what stops it, whom it stopped, how late it is."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.sequencing.prefix import Damage


class Halt(StrEnum):
    """Why nothing is signed."""

    RESTORED = "restored"
    ORIGIN = "origin"
    DAMAGED = "damaged"
    CLOCK = "clock"
    KEYS = "keys"
    GUARD = "guard"


class Words(Struct, frozen=True):
    """What an operator reads: Vietnamese first, English second."""

    vi: str
    en: str


# What to do about each; `motlan audit tree status` prints it.
ADVICE: dict[Halt, Words] = {
    Halt.RESTORED: Words(
        "Cơ sở dữ liệu cũ hơn, hoặc khác, bản nhật ký đã công bố. Khôi phục bản mới nhất của cơ sở "
        "dữ liệu; nếu không còn, đổi tree.origin và chạy `motlan audit tree reorigin --reason`.",
        "The database is older than, or differs from, the log that was published. Restore its "
        "newest state; if that is lost, change tree.origin and run "
        "`motlan audit tree reorigin --reason`.",
    ),
    Halt.ORIGIN: Words(
        "tree.origin không phải tên của nhật ký mà nút này đã công bố. Đặt lại tên cũ, hoặc chạy "
        "`motlan audit tree reorigin --reason` để mở nhật ký mới.",
        "tree.origin is not the name of the log that this node published. Set the old name again, "
        "or open a new log with `motlan audit tree reorigin --reason`.",
    ),
    Halt.DAMAGED: Words(
        "Một mảnh băm của cây bị hỏng hoặc mất. Khôi phục cơ sở dữ liệu từ bản sao lưu mới nhất.",
        "A hash tile of the tree is damaged or gone. Restore the database from its newest backup.",
    ),
    Halt.CLOCK: Words(
        "Đồng hồ chạy lùi quá 5 giây so với điểm kiểm tra trước. Chỉnh lại đồng hồ; việc ký tự "
        "tiếp tục khi giờ đã đúng. Nếu trước đó đồng hồ chạy nhanh và bây giờ đã đúng, chạy "
        "`motlan audit tree trust-clock --reason`.",
        "The clock went back more than 5 s behind the previous checkpoint. Set it right; signing "
        "goes on by itself once the time has caught up. If it had been ahead and is right now, run "
        "`motlan audit tree trust-clock --reason`.",
    ),
    Halt.KEYS: Words(
        "Không dùng được khóa ký của nhật ký. Khôi phục thư mục tree.keys_dir từ bản sao lưu; chỉ "
        "khi khóa đã mất hẳn mới chạy `motlan keys log rotate --now`.",
        "The log's signing keys cannot be used. Restore tree.keys_dir from its backup; only when "
        "they are lost for good, run `motlan keys log rotate --now`.",
    ),
    Halt.GUARD: Words(
        "Không đọc hoặc không ghi được tệp canh giữ tree.guard_file. Khôi phục tệp hoặc quyền của "
        "nó; không xóa tệp.",
        "The guard file tree.guard_file cannot be read or written. Restore it, or its "
        "permissions; do not delete it.",
    ),
}


# What is wrong with a writer's next record.
DAMAGES: dict[Damage, Words] = {
    Damage.GAP: Words(
        "Thiếu một bản ghi trong khi các bản ghi sau vẫn còn: có người đã xóa, hoặc cơ sở dữ liệu "
        "hỏng. Khôi phục bản ghi từ bản sao lưu; các bộ ghi khác vẫn tiếp tục.",
        "A record is missing while later ones are there: it was deleted, or the database is "
        "damaged. Restore it from a backup; other writers go on.",
    ),
    Damage.HASH: Words(
        "Nội dung bản ghi không khớp mã băm của nó: bản ghi đã bị sửa hoặc hỏng. Khôi phục bản ghi "
        "từ bản sao lưu.",
        "The record does not match its hash: it was changed or damaged. Restore it from a backup.",
    ),
    Damage.LINK: Words(
        "Bản ghi không nối đúng với bản ghi trước nó: chuỗi đã bị sửa. Khôi phục từ bản sao lưu.",
        "The record does not follow the one before it: the chain was changed. Restore it from a "
        "backup.",
    ),
    Damage.TAIL: Words(
        "Bộ ghi đã kết thúc ở một số cao hơn những bản ghi hiện có: các bản ghi cuối bị mất. Khôi "
        "phục chúng từ bản sao lưu.",
        "The writer ended at a higher number than the records that are there: its last ones are "
        "gone. Restore them from a backup.",
    ),
    Damage.BEYOND: Words(
        "Có bản ghi sau khi bộ ghi đã đóng: chúng không do cổng ghi. Báo kiểm toán viên.",
        "Records stand behind the one that closed the writer: the gateway did not write them. "
        "Tell the auditors.",
    ),
}


class Halted(Exception):
    """Nothing is signed until a person has acted, or the clock is right again."""

    def __init__(self, halt: Halt, detail: str) -> None:
        super().__init__(f"{halt.value}: {detail}")
        self.halt = halt
        self.detail = detail


class Stopped(Struct, frozen=True):
    """A writer whose next record cannot be folded; the others go on."""

    writer: str
    seq: int  # the record that is missing or damaged
    damage: Damage


class Standing(Struct, frozen=True, kw_only=True):
    """What a sequencer knows of itself."""

    leads: bool = False
    halt: Halt | None = None
    size: int = 0
    signed_at: datetime | None = None
    folded_through: datetime | None = None  # what was durable before is in the tree
    backlog: int = 0  # records seen and not yet folded
    stopped: tuple[Stopped, ...] = ()
