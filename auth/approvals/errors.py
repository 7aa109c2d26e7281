"""Why what was asked of a system cannot be done; no message holds what anybody typed."""

from auth.errors import PartyError


class RequestUnknown(PartyError):
    """There is no request of that id, or it is none of this person's business."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("there is no such request")


class MoveRefused(PartyError):
    """The request was decided already, or another one of the same system is still open."""

    code = "move_refused"

    def __init__(self) -> None:
        super().__init__("it was decided already, or another request is open")


class VersionMismatch(PartyError):
    """The system is not at the version that the caller saw."""

    code = "precondition_failed"

    def __init__(self) -> None:
        super().__init__("the registration is at another version")
