"""What a spreadsheet of records shows, column by column: Vietnamese first; pure."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from gateway.audit import leaf
from gateway.audit.leaf import Numbered
from gateway.exports import labels
from gateway.quota.windows import LOCAL

Cell: TypeAlias = str | int | datetime | None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Record(Struct, frozen=True):
    """One record as a row sees it."""

    index: int
    entry: bytes
    leaf: Numbered


class Column(Struct, frozen=True):
    """One column."""

    vi: str
    en: str
    width: int  # characters
    of: Callable[[Record], Cell]

    @property
    def heading(self) -> str:
        """Return both names, Vietnamese first."""
        return f"{self.vi} / {self.en}"


def record(index: int, entry: bytes) -> Record:
    """Read the stored *entry*.

    Raises:
        msgspec.DecodeError: it is no record of this schema.
    """
    return Record(index, entry, leaf.parse(entry))


def utc_time(microseconds: int) -> datetime:
    """Return the instant that a leaf claims."""
    return _EPOCH + timedelta(microseconds=microseconds)


def local_time(microseconds: int) -> datetime:
    """Return an instant as clocks in Việt Nam show it, without a zone: cells cannot hold one."""
    return utc_time(microseconds).astimezone(LOCAL).replace(tzinfo=None)


def local_instant(instant: str) -> datetime:
    """Return an RFC 3339 instant by the clock of Việt Nam."""
    return datetime.fromisoformat(instant).astimezone(LOCAL)


def written(moment: datetime) -> str:
    """Return a local instant as people in Việt Nam write it, as exact as it is."""
    return moment.strftime("%d/%m/%Y %H:%M:%S.%f" if moment.microsecond else "%d/%m/%Y %H:%M:%S")


def _decision(r: Record) -> Cell:
    return labels.DECISIONS[r.leaf.basis.decision] if r.leaf.basis else None


def _reasons(r: Record) -> Cell:
    return ", ".join(r.leaf.basis.reasons) if r.leaf.basis else None


def _people(r: Record) -> Cell:
    if r.leaf.subj is None:
        return None
    return ", ".join(r.leaf.subj.p) or f"{r.leaf.subj.n} người, gốc {r.leaf.subj.root}"


def _count(r: Record) -> Cell:
    return r.leaf.subj.n if r.leaf.n is None and r.leaf.subj else r.leaf.n


def _delivered(r: Record) -> Cell:
    found = r.leaf.res and r.leaf.res.delivered
    return labels.DELIVERED[found] if found else None


def _match(r: Record) -> Cell:
    found = r.leaf.res and r.leaf.res.match
    return labels.MATCHES[found] if found else None


def _asked(r: Record) -> Cell:
    return ", ".join(r.leaf.target.asked) if r.leaf.target else None


def _released(r: Record) -> Cell:
    return ", ".join(r.leaf.target.fields) if r.leaf.target else None


def _changed(r: Record) -> Cell:
    change = r.leaf.change
    if change is None:
        return None
    return f"{change.kind.value} {change.id}" + ("" if change.rev is None else f"@{change.rev}")


def _actor(name: str) -> Callable[[Record], Cell]:
    return lambda r: getattr(r.leaf.actor, name, None)


def _target(name: str) -> Callable[[Record], Cell]:
    return lambda r: getattr(r.leaf.target, name, None)


def _basis(name: str) -> Callable[[Record], Cell]:
    return lambda r: getattr(r.leaf.basis, name, None)


COLUMNS: tuple[Column, ...] = (
    Column("Số lá", "Leaf index", 12, lambda r: r.index),
    Column("Thời điểm (giờ Việt Nam, UTC+7)", "Time", 20, lambda r: local_time(r.leaf.ts)),
    Column("Việc", "Act", 30, lambda r: labels.event_name(r.leaf.type)),
    Column("Mã việc", "Event code", 16, lambda r: r.leaf.type.value),
    Column("Quyết định", "Decision", 12, _decision),
    Column("Lý do", "Reasons", 24, _reasons),
    Column("Cơ quan", "Agency", 14, _actor("org")),
    Column("Hệ thống", "System", 20, _actor("client")),
    Column("Cán bộ (bút danh)", "Official (pseudonym)", 36, _actor("user")),
    Column("Mức đăng nhập", "Login strength", 14, _actor("acr")),
    Column("Dịch vụ", "Service", 22, _target("service")),
    Column("Phiên bản", "Version", 10, _target("ver")),
    Column("Trường được hỏi", "Fields asked", 40, _asked),
    Column("Trường đã trả", "Fields released", 40, _released),
    Column("Mức nhạy cảm cao nhất", "Highest grade", 10, _target("sens")),
    Column("Mục đích", "Purpose", 20, _basis("purpose")),
    Column("Thủ tục", "Procedure", 12, _basis("proc")),
    Column("Hồ sơ (bút danh)", "Dossier (pseudonym)", 36, _basis("dossier")),
    Column("Căn cứ pháp lý", "Legal basis", 20, _basis("law")),
    Column("Thoả thuận", "Agreement", 30, _basis("agreement")),
    Column("Đồng ý", "Consent", 30, _basis("consent")),
    Column("Dòng bảng quyết định", "Policy row", 20, _basis("policy")),
    Column("Người liên quan (bút danh)", "People (pseudonyms)", 36, _people),
    Column("Số người", "Count of people", 10, _count),
    Column("Khớp", "Match", 16, _match),
    Column("Gửi dữ liệu", "Delivery", 16, _delivered),
    Column("Trạng thái HTTP", "HTTP status", 10, lambda r: r.leaf.res and r.leaf.res.status),
    Column("Thay đổi", "Change", 30, _changed),
    Column("Mã trao đổi", "Exchange id", 38, lambda r: r.leaf.req and r.leaf.req.id),
    Column("Mã bản ghi", "Record id", 38, lambda r: r.leaf.id),
    Column("Mã băm lá (SHA-256)", "Leaf hash", 66, lambda r: leaf.leaf_hash(r.entry).hex()),
)
