"""How loud a record is for those who watch: three steps, no more; pure."""

from enum import StrEnum

from gateway.audit.events import Decision, Event
from gateway.audit.leaf import Leaf

# What somebody on duty should see without looking for it.
_LOUD = frozenset(
    {
        Event.AUDIT_UNBLIND,
        Event.BREAKGLASS_OPEN,
        Event.BREAKGLASS_ENTER,
        Event.BREAKGLASS_FAIL,
        Event.BREAKGLASS_ACT,
        Event.DENY_AGGREGATE,
        Event.KEY_DESTROY,
        Event.POLICY_REJECT,
    }
)
_QUIET = frozenset({Event.WRITER_OPEN, Event.WRITER_CLOSE, Event.INDEX_PUBLISH})


class Severity(StrEnum):
    """Named as RFC 5424 names them."""

    WARNING = "warning"
    NOTICE = "notice"
    INFORMATIONAL = "informational"


def severity_of(leaf: Leaf) -> Severity:
    """Return WARNING for refusals and emergencies, NOTICE for acts, INFORMATIONAL for ourselves."""
    denied = leaf.basis is not None and leaf.basis.decision is Decision.DENY
    if denied or leaf.type in _LOUD:
        return Severity.WARNING
    return Severity.INFORMATIONAL if leaf.type in _QUIET else Severity.NOTICE
