"""What goes into the record, and what comes back once it is durable."""

from msgspec import Struct

from gateway.audit.leaf import Leaf
from gateway.audit.prepared import Prepared
from gateway.rights import Right


class Entry(Struct, frozen=True, kw_only=True):
    """One leaf, and the rights that must be live at the instant it is recorded."""

    body: Leaf | Prepared
    rights: tuple[Right, ...] = ()


class Receipt(Struct, frozen=True, kw_only=True):
    """Where the durable record of an act stands."""

    entry_id: str
    writer: str
    seq: int
    leaf: str  # SHA-256 leaf hash (RFC 6962 section 2.1), hex
