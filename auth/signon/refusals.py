"""Why a sign-on ended without a person: a closed list of codes."""

from enum import StrEnum

from auth.errors import PartyError


class Ending(StrEnum):
    """Every way a sign-on fails; the value is the stable code of the problem people see."""

    PROVIDER_UNKNOWN = "provider_unknown"  # no provider of that code in the settings
    PROVIDER_UNAVAILABLE = "provider_unavailable"  # it did not answer in time, or not at all
    PROVIDER_REFUSED = "provider_refused"  # it said no to us: a registration or settings fault
    PROVIDER_UNTRUSTED = "provider_untrusted"  # its answer breaks a rule that protects people
    SIGN_ON_CANCELLED = "sign_on_cancelled"  # the person said no at the provider
    ATTEMPT_UNKNOWN = "attempt_unknown"  # not begun in this browser, too long ago, or used already
    TARGET_REFUSED = "target_refused"  # where to go afterwards is not a page of ours
    ASSURANCE_TOO_LOW = "assurance_too_low"  # signed on less strongly, or longer ago, than asked
    CLAIMS_MISSING = "claims_missing"  # the provider does not say who it is
    LOGOUT_REFUSED = "logout_refused"  # a back-channel logout token proves nothing
    DATABASE_UNAVAILABLE = "database_unavailable"


class SignOnRefused(PartyError):
    """A sign-on ends without a person; *fact* says which check failed, never what was sent."""

    def __init__(self, ending: Ending, fact: str) -> None:
        super().__init__(fact)
        self.ending = ending
        self.code = ending.value
        self.fact = fact
