"""The closed vocabulary of what is recorded; `docs/audit-events.md` explains each word."""

from enum import StrEnum


class Event(StrEnum):
    """The type of a leaf.  A word may be added, never renamed: a leaf cannot be migrated."""

    # data
    ACCESS = "access"
    ACCESS_OUTCOME = "access.outcome"
    DENY = "deny"
    DENY_AGGREGATE = "deny.aggregate"
    # consent
    CONSENT_GRANT = "consent.grant"
    CONSENT_REFUSE = "consent.refuse"
    CONSENT_RENEW = "consent.renew"
    CONSENT_WITHDRAW = "consent.withdraw"
    CONSENT_SHRED = "consent.shred"
    # agreements
    AGREEMENT_SIGN = "agreement.sign"
    AGREEMENT_AMEND = "agreement.amend"
    AGREEMENT_SUSPEND = "agreement.suspend"
    AGREEMENT_RESUME = "agreement.resume"
    AGREEMENT_TERMINATE = "agreement.terminate"
    # catalog
    CATALOG_DRAFT = "catalog.draft"
    CATALOG_REVIEW = "catalog.review"
    CATALOG_PUBLISH = "catalog.publish"
    CATALOG_DEPRECATE = "catalog.deprecate"
    CATALOG_DISABLE = "catalog.disable"
    CATALOG_RETIRE = "catalog.retire"
    # policy and configuration
    POLICY_PUBLISH = "policy.publish"
    POLICY_REJECT = "policy.reject"
    POLICY_RETIRE = "policy.retire"
    # keys
    KEY_CREATE = "key.create"
    KEY_ROTATE = "key.rotate"
    KEY_DESTROY = "key.destroy"
    # those who look at the record itself
    AUDIT_SEARCH = "audit.search"
    AUDIT_EXPORT = "audit.export"
    AUDIT_UNBLIND = "audit.unblind"
    # emergencies
    BREAKGLASS_OPEN = "breakglass.open"
    BREAKGLASS_CLOSE = "breakglass.close"
    # the record's own life
    WRITER_OPEN = "writer.open"
    WRITER_CLOSE = "writer.close"
    INDEX_PUBLISH = "index.publish"


class Op(StrEnum):
    """What was done with the data."""

    READ = "read"
    LIST = "list"
    SEARCH = "search"
    WRITE = "write"
    EXPORT = "export"


class Method(StrEnum):
    """How the request came."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    COMMAND = "COMMAND"  # an operator's command line


class Decision(StrEnum):
    """What the rules said."""

    ALLOW = "allow"
    DENY = "deny"


class Delivered(StrEnum):
    """Whether the answer left; in doubt the record over-reports."""

    YES = "yes"
    NO = "no"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


class Matched(StrEnum):
    """How the source recognised the subject; the words of `adapters.protocol.Match`, closed."""

    EXACT = "exact"
    SUPERSEDED = "superseded"
    NONE = "none"
    NOT_A_PERSON = "not_a_person"


class Changed(StrEnum):
    """What kind of thing an administrative leaf speaks of."""

    AGREEMENT = "agreement"
    BREAKGLASS = "breakglass"
    CONSENT = "consent"
    DATASET = "dataset"
    INDEX = "index"
    KEY = "key"
    POLICY = "policy"
    SERVICE = "service"
    SYSTEM = "system"
