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
    CONSENT_ASK = "consent.ask"
    CONSENT_DEFER = "consent.defer"
    CONSENT_GRANT = "consent.grant"
    CONSENT_REFUSE = "consent.refuse"
    CONSENT_RENEW = "consent.renew"
    CONSENT_WITHDRAW = "consent.withdraw"
    CONSENT_EXPIRE = "consent.expire"
    CONSENT_REVOKE = "consent.revoke"
    CONSENT_INVALIDATE = "consent.invalidate"
    CONSENT_SHRED = "consent.shred"
    NOTICE_PUBLISH = "notice.publish"
    REPRESENTATION_RECORD = "representation.record"
    REPRESENTATION_CONFIRM = "representation.confirm"
    REPRESENTATION_END = "representation.end"
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
    CATALOG_ENABLE = "catalog.enable"
    CATALOG_RETIRE = "catalog.retire"
    # policy and configuration
    POLICY_PUBLISH = "policy.publish"
    POLICY_REJECT = "policy.reject"
    POLICY_RETIRE = "policy.retire"
    SETTINGS_APPLY = "settings.apply"
    # systems of agencies, and what people may do
    SYSTEM_ASK = "system.ask"
    SYSTEM_REFUSE = "system.refuse"
    SYSTEM_REGISTER = "system.register"
    SYSTEM_AMEND = "system.amend"
    SYSTEM_SUSPEND = "system.suspend"
    SYSTEM_RESUME = "system.resume"
    SYSTEM_BLOCK = "system.block"
    ROLE_ASK = "role.ask"
    ROLE_GRANT = "role.grant"
    ROLE_REFUSE = "role.refuse"
    ROLE_CONFIRM = "role.confirm"
    ROLE_REVOKE = "role.revoke"
    REVIEW_OPEN = "review.open"
    # people: their accounts, and how they come and go
    ACCOUNT_CREATE = "account.create"
    ACCOUNT_LINK = "account.link"
    ACCOUNT_RENAME = "account.rename"
    ACCOUNT_DISABLE = "account.disable"
    ACCOUNT_ENABLE = "account.enable"
    ACCOUNT_LOCK = "account.lock"
    SESSION_OPEN = "session.open"
    SESSION_STRENGTHEN = "session.strengthen"
    SESSION_REFUSE = "session.refuse"
    SESSION_CLOSE = "session.close"
    # keys
    KEY_CREATE = "key.create"
    KEY_ROTATE = "key.rotate"
    KEY_REVOKE = "key.revoke"
    KEY_DESTROY = "key.destroy"
    # those who look at the record itself
    AUDIT_SEARCH = "audit.search"
    AUDIT_EXPORT = "audit.export"
    AUDIT_UNBLIND = "audit.unblind"
    FINDING_CONFIRM = "finding.confirm"
    FINDING_DISMISS = "finding.dismiss"
    # the person concerned
    OWN_READ = "own.read"
    QUESTION_ASK = "question.ask"
    QUESTION_ACKNOWLEDGE = "question.acknowledge"
    QUESTION_ANSWER = "question.answer"
    QUESTION_CLOSE = "question.close"
    # accesses that are shown later
    SEAL_ASK = "seal.ask"
    SEAL_APPROVE = "seal.approve"
    SEAL_REFUSE = "seal.refuse"
    SEAL_OPEN = "seal.open"
    # emergencies
    BREAKGLASS_OPEN = "breakglass.open"
    BREAKGLASS_ENTER = "breakglass.enter"
    BREAKGLASS_FAIL = "breakglass.fail"
    BREAKGLASS_ACT = "breakglass.act"
    BREAKGLASS_CLOSE = "breakglass.close"
    BREAKGLASS_JUDGE = "breakglass.judge"
    BREAKGLASS_UNLOCK = "breakglass.unlock"
    # the record's own life
    WRITER_OPEN = "writer.open"
    WRITER_CLOSE = "writer.close"
    INDEX_PUBLISH = "index.publish"
    PROVIDER_RECONCILE = "provider.reconcile"
    ARCHIVE_VERIFY = "archive.verify"
    ARCHIVE_DROP = "archive.drop"


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

    ACCOUNT = "account"
    AGENCY = "agency"
    AGREEMENT = "agreement"
    ARCHIVE = "archive"
    BASIS = "basis"
    BREAKGLASS = "breakglass"
    CONSENT = "consent"
    DATASET = "dataset"
    ELEMENT = "element"
    EXPORT = "export"
    FINDING = "finding"
    INDEX = "index"
    KEY = "key"
    NOTICE = "notice"
    POLICY = "policy"
    PROCEDURE = "procedure"
    PURPOSE = "purpose"
    QUESTION = "question"
    REPRESENTATION = "representation"
    REVIEW = "review"
    ROLE = "role"
    SEAL = "seal"
    SERVICE = "service"
    SESSION = "session"
    SETTINGS = "settings"
    SYSTEM = "system"
