"""Why a party could not be identified, or its registration not changed.

No message holds a token, an assertion, a key, or anything that a caller typed.
"""


class PartyError(Exception):
    """Base of every way an identification can end; `code` is the stable word callers switch on."""

    code = "token_invalid"


class TokenMissing(PartyError):
    """No access token was presented."""

    code = "token_missing"

    def __init__(self) -> None:
        super().__init__("no access token was presented")


class TokenExpired(PartyError):
    """The access token was good, and its time is over."""

    code = "token_expired"

    def __init__(self) -> None:
        super().__init__("the access token has expired")


class TokenInvalid(PartyError):
    """The access token proves nothing; *fact* says which check it failed."""

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class SignatureRefused(PartyError):
    """A signed text is not in the agreed form, or no known key made its signature."""

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class KeyRefused(PartyError):
    """A key is not one that we let anybody use; *fact* says why, never what it is."""

    code = "validation_failed"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class AssertionRefused(PartyError):
    """A client assertion proves nothing; *fact* says which check it failed."""

    code = "client_assertion_invalid"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class FormRefused(PartyError):
    """A token request is not a form in the agreed shape."""

    code = "validation_failed"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class DetailsRefused(PartyError):
    """Authorization details are not of the type that is served; *fact* says why."""

    code = "authorization_details_invalid"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class KeyRingUnusable(PartyError):
    """The directory of signing keys cannot be used as it is; stops the process, not a request."""

    code = "internal"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class RotationPending(KeyRingUnusable):
    """A next key is already published and waits for its hour; a second one would confuse."""


class SigningKeyUnknown(KeyRingUnusable):
    """No key of that id is in the ring."""


class SystemUnknown(PartyError):
    """No system is registered under that client id."""

    code = "client_assertion_invalid"

    def __init__(self) -> None:
        super().__init__("no system is registered under this client id")


class SystemExists(PartyError):
    """That client id is taken."""

    code = "validation_failed"

    def __init__(self) -> None:
        super().__init__("a system is already registered under this client id")


class SystemBlocked(PartyError):
    """A blocked system stays as it is for good; a new client id starts anew."""

    code = "application_suspended"

    def __init__(self) -> None:
        super().__init__("the system is blocked for good")


class RegistrationConflict(PartyError):
    """Somebody else changed the registration meanwhile; read it again and repeat."""

    code = "version_conflict"

    def __init__(self) -> None:
        super().__init__("the registration was changed meanwhile")


class RegistrationsUnavailable(PartyError):
    """The database did not answer, so nobody can be proven: nothing is granted."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("the registrations cannot be read or written")
