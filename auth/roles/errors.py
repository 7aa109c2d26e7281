"""Why a role is not granted, confirmed or taken away."""

from auth.errors import PartyError


class GrantUnknown(PartyError):
    """There is no such grant, or it is not the caller's to see: both look the same."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("there is no such grant")


class GrantRefused(PartyError):
    """A grant is not of the form that may be asked for; *fact* names the member."""

    code = "validation_failed"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class OutsideScope(PartyError):
    """The role or the account is not the caller's to decide about."""

    code = "permission_missing"

    def __init__(self) -> None:
        super().__init__("another agency's account, or a role beyond the own agency")


class SecondPersonMissing(PartyError):
    """Nobody grants alone, and nobody confirms or judges what is their own (promise P8)."""

    code = "second_person_missing"

    def __init__(self) -> None:
        super().__init__("another person has to decide this")


class RolesExclude(PartyError):
    """The account holds a role that excludes this one."""

    code = "roles_exclude"

    def __init__(self) -> None:
        super().__init__("the account holds a role that excludes this one")


class MoveRefused(PartyError):
    """The state of a grant, review or emergency does not allow the act, or another came first."""

    code = "move_refused"

    def __init__(self) -> None:
        super().__init__("it was decided before, has ended, or is over")


class BreakGlassOff(PartyError):
    """The last resort is turned off in the settings."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("the last resort is turned off: break_glass.enabled")


class SecretRefused(PartyError):
    """The one-time secret opens nothing; why is told to nobody who may be guessing."""

    code = "break_glass_refused"

    def __init__(self) -> None:
        super().__init__("the secret opens nothing")


class NothingOpen(SecretRefused):
    """There is nothing that a secret could open; the caller is not told from a wrong secret."""


class DoorPaused(PartyError):
    """A wrong secret came a moment ago; each one doubles the pause, up to 8 seconds."""

    code = "rate_limited"

    def __init__(self) -> None:
        super().__init__("a wrong secret came a moment ago")


class DoorLocked(PartyError):
    """Five wrong secrets: another person has to unlock the door."""

    code = "break_glass_locked"

    def __init__(self) -> None:
        super().__init__("locked after five wrong secrets; another person unlocks it")


class RolesUnavailable(PartyError):
    """The database did not answer, so nobody is granted anything."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("roles cannot be read or written")
