"""Why an account or a session cannot be used, or not be changed."""

from enum import StrEnum

from auth.errors import PartyError


class Barred(StrEnum):
    """Every way in which somebody whom a provider has proven is not let in."""

    ACCOUNT_UNKNOWN = "account_unknown"  # no administrator has prepared an account
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_LOCKED = "account_locked"
    LINK_CONFLICT = "link_conflict"  # the account is another sign-on's already
    ACCOUNT_KIND_REFUSED = "account_kind_refused"  # a business, or a person under age
    ASSURANCE_TOO_LOW = "assurance_too_low"


class SignInBarred(PartyError):
    """A provider has proven somebody, and nobody here is that person, or may come in."""

    def __init__(self, barred: Barred, account_id: str | None = None) -> None:
        super().__init__(barred.value)
        self.barred = barred
        self.code = barred.value
        self.account_id = account_id  # whose account it is, when one was found


class AccountUnknown(PartyError):
    """No account has that id."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("no account has this id")


class AccountExists(PartyError):
    """That agency has a usable account under that staff number: one person, one account."""

    code = "account_exists"

    def __init__(self) -> None:
        super().__init__("the agency has an account under this staff number")


class AccountRefused(PartyError):
    """An account cannot be made or changed like that.

    Args:
        fact: why.
        member: the one that is wrong, by its name on the wire; None when it is none alone.
    """

    code = "validation_failed"

    def __init__(self, fact: str, member: str | None = None) -> None:
        super().__init__(fact)
        self.fact = fact
        self.member = member


class AccountConflict(PartyError):
    """Somebody else changed the account meanwhile, or it is not in a state for this act."""

    code = "version_conflict"

    def __init__(self) -> None:
        super().__init__("the account was changed meanwhile, or is in another state")


class SessionMissing(PartyError):
    """No session cookie came."""

    code = "token_missing"

    def __init__(self) -> None:
        super().__init__("nobody has signed on")


class SessionEnded(PartyError):
    """The session is over, or never was: idle, too old, signed out, or of an ended account."""

    code = "session_ended"

    def __init__(self) -> None:
        super().__init__("the session is over")


class AccountsUnavailable(PartyError):
    """The database did not answer, so nobody is let in."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("accounts and sessions cannot be read or written")
