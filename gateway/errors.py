"""Refusals and failures: every way an exchange can end without data, by a stable code."""

from enum import StrEnum


class Code(StrEnum):
    """The closed vocabulary callers switch on; `gateway.problems` says the rest about each."""

    # the request itself
    VALIDATION_FAILED = "validation_failed"
    MALFORMED_JSON = "malformed_json"
    PURPOSE_MISSING = "purpose_missing"
    DOSSIER_REQUIRED = "dossier_required"
    PROCEDURE_REQUIRED = "procedure_required"
    BODY_TOO_LARGE = "body_too_large"
    HEAD_TOO_LARGE = "head_too_large"
    NOT_HTTP = "not_http"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_FOUND = "not_found"
    # who asks
    TOKEN_MISSING = "token_missing"  # noqa: S105 - a code, not a secret
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    TOKEN_INVALID = "token_invalid"  # noqa: S105
    # whether the token is the caller's own
    BINDING_REQUIRED = "binding_required"
    AUTHORIZATION_SCHEME_WRONG = "authorization_scheme_wrong"
    DPOP_PROOF_MISSING = "dpop_proof_missing"
    DPOP_PROOF_INVALID = "dpop_proof_invalid"
    DPOP_PROOF_REPLAYED = "dpop_proof_replayed"
    DPOP_KEY_MISMATCH = "dpop_key_mismatch"
    USE_DPOP_NONCE = "use_dpop_nonce"
    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_MISMATCH = "certificate_mismatch"
    # whether the system is who it says
    CLIENT_ASSERTION_INVALID = "client_assertion_invalid"
    CLIENT_ASSERTION_REPLAYED = "client_assertion_replayed"
    SCOPE_MISSING = "scope_missing"
    OFFICIAL_REQUIRED = "official_required"
    APPLICATION_SUSPENDED = "application_suspended"
    PERMISSION_MISSING = "permission_missing"
    # signing on at a provider
    PROVIDER_UNKNOWN = "provider_unknown"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_UNTRUSTED = "provider_untrusted"
    SIGN_ON_CANCELLED = "sign_on_cancelled"
    ATTEMPT_UNKNOWN = "attempt_unknown"
    TARGET_REFUSED = "target_refused"
    ASSURANCE_TOO_LOW = "assurance_too_low"
    CLAIMS_MISSING = "claims_missing"
    LOGOUT_REFUSED = "logout_refused"
    # accounts and sessions of people
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_EXISTS = "account_exists"
    ACCOUNT_KIND_REFUSED = "account_kind_refused"
    LINK_CONFLICT = "link_conflict"
    SESSION_ENDED = "session_ended"
    STEP_UP_REQUIRED = "step_up_required"
    CSRF_REFUSED = "csrf_refused"
    # who may do what
    ROLES_EXCLUDE = "roles_exclude"
    BREAK_GLASS_REFUSED = "break_glass_refused"
    BREAK_GLASS_LOCKED = "break_glass_locked"
    # signed requests
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_INVALID = "signature_invalid"
    SIGNATURE_REPLAYED = "signature_replayed"
    CONTENT_DIGEST_MISMATCH = "content_digest_mismatch"
    # tokens: bound, narrowed, exchanged, taken back
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    AUTHORIZATION_DETAILS_INVALID = "authorization_details_invalid"
    SUBJECT_TOKEN_INVALID = "subject_token_invalid"  # noqa: S105
    OFFICIAL_NOT_ADMITTED = "official_not_admitted"
    # what is asked for
    SERVICE_UNKNOWN = "service_unknown"
    SERVICE_DISABLED = "service_disabled"
    VERSION_RETIRED = "version_retired"
    VERSION_CONFLICT = "version_conflict"
    ADDRESS_REFUSED = "address_refused"
    SANDBOX_REFUSED = "sandbox_refused"
    PRECONDITION_FAILED = "precondition_failed"
    PRECONDITION_REQUIRED = "precondition_required"
    PROCEDURE_UNKNOWN = "procedure_unknown"
    # whether it may
    NO_AGREEMENT = "no_agreement"
    AGREEMENT_EXPIRED = "agreement_expired"
    AGREEMENT_SUSPENDED = "agreement_suspended"
    PURPOSE_NOT_COVERED = "purpose_not_covered"
    PROCEDURE_NOT_COVERED = "procedure_not_covered"
    FIELD_NOT_ALLOWED = "field_not_allowed"
    OUTSIDE_WINDOW = "outside_window"
    QUOTA = "quota"
    RATE_LIMITED = "rate_limited"
    PERSON_BUDGET = "person_budget"
    NO_LEGAL_BASIS = "no_legal_basis"
    CONSENT_REQUIRED = "consent_required"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    REPRESENTATIVE_REQUIRED = "representative_required"
    # looking at the record
    QUERY_NOT_UNDERSTOOD = "query_not_understood"
    SEARCH_TOO_WIDE = "search_too_wide"
    EXPORT_NOT_READY = "export_not_ready"
    EXPORT_GONE = "export_gone"
    # what people do with the record that is about them
    MOVE_REFUSED = "move_refused"
    SECOND_PERSON_MISSING = "second_person_missing"
    PROOF_NOT_READY = "proof_not_ready"
    INDEX_DIFFERS = "index_differs"
    # the source
    NO_MATCH = "no_match"
    SOURCE_UNAVAILABLE = "source_unavailable"
    SOURCE_TIMEOUT = "source_timeout"
    SOURCE_MALFORMED = "source_malformed"
    SOURCE_SCHEMA_MISMATCH = "source_schema_mismatch"
    CIRCUIT_OPEN = "circuit_open"
    # ourselves
    AUDIT_UNAVAILABLE = "audit_unavailable"
    WITNESS_OVERDUE = "witness_overdue"
    OVERLOADED = "overloaded"
    DATABASE_UNAVAILABLE = "database_unavailable"
    INTERNAL = "internal"


class Refusal(Exception):
    """An exchange that ends without data: a rule said no, or a source or we ourselves failed.

    Carries a code and facts for the caller; never a prepared sentence, never a person's number.
    """

    def __init__(self, code: Code, **facts: object) -> None:
        super().__init__(code.value)
        self.code = code
        self.facts = facts


class RightsGone(Exception):
    """At the record's commit, rights that the release rests on were no longer live (P3)."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__("rights no longer live")
        self.keys = keys


class AuditUnavailable(Exception):
    """The record could not be made durable in time: nothing may leave."""
