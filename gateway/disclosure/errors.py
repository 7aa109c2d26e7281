"""Why an act of disclosure does not happen."""


class Unknown(Exception):
    """There is no such thing, or it is not the caller's to see: both look the same."""


class MoveRefused(Exception):
    """The state of a question or a seal does not allow the act."""


class TextRefused(ValueError):
    """A text is empty, too long, or holds nine digits in a row; never repeats it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TermsRefused(ValueError):
    """A seal was asked for outside the limits of its ground; names the limit."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class SecondPersonMissing(Exception):
    """Who asked for a seal cannot approve it (promise P8)."""


class IndexDiffers(Exception):
    """What the search finds about a person is not what the day's index committed to."""


class ProofNotReady(Exception):
    """The record is not under a checkpoint yet; it will be within the merge delay."""
