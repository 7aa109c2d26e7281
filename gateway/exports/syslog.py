"""Records as syslog messages: RFC 5424, framed by octet counting (RFC 6587 3.4.1, RFC 5425 4.3).

The receiver finds gaps by itself: the structured data names the log (``origin``) and the record's
index in it, and indexes have no holes.  The message is the record, unchanged.
"""

from msgspec import Struct

from gateway.exports.columns import Record, utc_time
from gateway.exports.severity import Severity, severity_of

FACILITY_AUDIT = 13  # "log audit", RFC 5424 table 1
LONGEST_HOST, LONGEST_APP, LONGEST_PROCESS, LONGEST_KIND = 255, 48, 128, 32
DOCUMENTATION_NUMBER = 32_473  # an enterprise number that nobody owns, RFC 5612
NIL = "-"

_NUMBERS = {
    Severity.WARNING: 4,
    Severity.NOTICE: 5,
    Severity.INFORMATIONAL: 6,
}
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "]": "\\]"})


class Sender(Struct, frozen=True, kw_only=True):
    """Who speaks: what each message says of us."""

    origin: str  # the log's own name for ever
    host: str
    app: str = "motlan"
    enterprise: int = DOCUMENTATION_NUMBER


def message(record: Record, sender: Sender) -> bytes:
    """Return *record* as one message, without its frame; the text is ASCII.

    Priority: facility 13, and what `severity_of` says.  The instant is the one that the gateway
    claims in the record, never the instant of sending.
    """
    leaf = record.leaf
    priority = FACILITY_AUDIT * 8 + _NUMBERS[severity_of(leaf)]
    head = " ".join(
        (
            f"<{priority}>1",
            instant(leaf.ts),
            _name(sender.host, LONGEST_HOST),
            _name(sender.app, LONGEST_APP),
            _name(leaf.w.id, LONGEST_PROCESS),
            _name(leaf.type.value, LONGEST_KIND),
            _structured(record, sender),
        )
    )
    return head.encode("ascii") + b" " + record.entry


def framed(text: bytes) -> bytes:
    """Return *text* behind its length in octets."""
    return b"%d %b" % (len(text), text)


def instant(microseconds: int) -> str:
    """Return an instant as RFC 3339 with six digits, in UTC."""
    return utc_time(microseconds).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _structured(record: Record, sender: Sender) -> str:
    leaf = record.leaf
    known: dict[str, str | int | None] = {
        "origin": sender.origin,
        "index": record.index,
        "id": leaf.id,
        "type": leaf.type.value,
        "agency": leaf.actor.org if leaf.actor else None,
        "system": leaf.actor.client if leaf.actor else None,
        "service": leaf.target.service if leaf.target else None,
        "decision": leaf.basis.decision.value if leaf.basis else None,
        "exchange": leaf.req.id if leaf.req else None,
    }
    members = (f'{n}="{str(v).translate(_ESCAPED)}"' for n, v in known.items() if v is not None)
    return f"[motlan@{sender.enterprise} {' '.join(members)}]"


def _name(text: str, longest: int) -> str:
    """Return *text* as PRINTUSASCII without spaces, cut to its bound; "-" for nothing."""
    kept = "".join(letter for letter in text if "!" <= letter <= "~")
    return kept[:longest] or NIL
