"""The ways a register misbehaves on request, and how many answers still will."""

from enum import StrEnum

BUSY_RETRY_S = 1
SLOW_S = 5.0
SILENT_S = 30.0
OVERSIZE_BYTES = 4 * 1024 * 1024


class Fault(StrEnum):
    """One way to misbehave; contracts/README.md says what the caller sees."""

    SILENT = "silent"
    SLOW = "slow"
    GARBLED = "garbled"
    TRUNCATED = "truncated"
    OVERSIZE = "oversize"
    HALF_CLOSED = "half-closed"
    WRONG_CONTENT_TYPE = "wrong-content-type"
    REDIRECT = "redirect"
    ERROR_500 = "error-500"
    BUSY = "busy"
    WRONG_PERSON = "wrong-person"
    SCHEMA_DRIFT = "schema-drift"


class Mischief:
    """The fault in force, for the next so many answers; one at a time."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.times = 0
        self.under = ""

    def order(self, fault: Fault, times: int, under: str = "") -> None:
        """Misbehave for the next *times* answers: 0 clears, -1 lasts until cleared.

        Args:
            fault: how.
            times: how often.
            under: only where the path begins with it.
        """
        self.fault, self.times = (fault, times) if times else (None, 0)
        self.under = under

    def take(self, path: str = "") -> Fault | None:
        """Return the fault of the answer that is due at *path*, and count it."""
        fault = self.fault if path.startswith(self.under) else None
        if fault is not None and self.times > 0:
            self.times -= 1
            if not self.times:
                self.fault = None
        return fault


def noise(length: int) -> bytes:
    """Return *length* bytes that are neither JSON nor XML nor UTF-8, always the same."""
    return (b"\x00\xff\xfe<{\x80not-a-reply\xc3\x28" * (length // 18 + 1))[:length]


def inflated(body: bytes, content_type: str) -> bytes:
    """Return four mebibytes of text as well-formed as *content_type* asks."""
    if "xml" in content_type:
        return body + b"<!--" + b"x" * OVERSIZE_BYTES + b"-->"
    return body + b" " * OVERSIZE_BYTES


def drifted(body: bytes, drift: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Return *body* with members renamed and retyped."""
    for old, new in drift:
        body = body.replace(old, new)
    return body
