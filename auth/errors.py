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


class OfficialRefused(PartyError):
    """An official's account does not let anybody act; *fact* says why, and names nobody."""

    code = "official_not_admitted"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class ProofRefused(PartyError):
    """A proof of possession proves nothing about this request; *fact* says which check it failed.

    Source of the word: RFC 9449 section 5 (`invalid_dpop_proof`).
    """

    code = "dpop_proof_invalid"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class KeyMismatch(ProofRefused):
    """A proof is by another key than the token is bound to: somebody else's token, perhaps."""

    code = "dpop_key_mismatch"

    def __init__(self) -> None:
        super().__init__("the proof is by another key than the token is bound to")


class ProofMissing(PartyError):
    """The token is bound to a key, and no proof of that key came with it."""

    code = "dpop_proof_missing"

    def __init__(self) -> None:
        super().__init__("the token is bound to a key, and no proof of it came along")


class ProofReplayed(PartyError):
    """The proof was used before, here or at another worker."""

    code = "dpop_proof_replayed"

    def __init__(self) -> None:
        super().__init__("the proof was used before")


class NonceDemanded(PartyError):
    """The proof needs a nonce of ours, or a newer one (RFC 9449 section 9)."""

    code = "use_dpop_nonce"

    def __init__(self, nonce: str) -> None:
        super().__init__("the proof needs the nonce that comes with this answer")
        self.nonce = nonce


class CertificateMissing(PartyError):
    """The token is bound to a client certificate, and the connection showed none."""

    code = "certificate_missing"

    def __init__(self) -> None:
        super().__init__("the token is bound to a certificate, and none was shown")


class CertificateMismatch(PartyError):
    """The token is bound to another client certificate than the connection showed."""

    code = "certificate_mismatch"

    def __init__(self) -> None:
        super().__init__("the token is bound to another certificate")


class SchemeWrong(PartyError):
    """The token came under the other scheme than its binding has (RFC 9449 section 7.1)."""

    code = "authorization_scheme_wrong"

    def __init__(self) -> None:
        super().__init__("the scheme of Authorization does not fit the token's binding")


class BindingRequired(PartyError):
    """The token is bound to nothing: whoever finds it could use it."""

    code = "binding_required"

    def __init__(self) -> None:
        super().__init__("the token is bound to nothing")


class MemoryUnavailable(PartyError):
    """Nobody can say whether a proof was used before, so it counts as used."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("the memory of used proofs does not answer")


class MemoryYoung(MemoryUnavailable):
    """The memory of used proofs began after this proof can have been used: make a new one."""


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


class CredentialUnknown(PartyError):
    """The registration has no key and no certificate of that name."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("the registration has no such key or certificate")


class SecondPersonNeeded(PartyError):
    """Nobody opens a live system further alone: a second person has to agree."""

    code = "second_person_missing"

    def __init__(self) -> None:
        super().__init__("a second person must approve: opening a live system takes two")


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
