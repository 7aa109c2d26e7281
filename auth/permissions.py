"""Which party may use which route: one closed table; a route outside it does not start.

Who holds it, how strongly they must have signed on, at which door it is served.
"""

from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct

from auth.people import Role


class Permission(StrEnum):
    """What a route demands of whoever calls it, as ``opt={"permission": ...}``.

    Named object first, act second.
    """

    PUBLIC = "public"  # anybody; the route shows nothing that is anybody's
    CATALOG_READ = "catalog.read"
    CONSENT_READ = "consent.read"
    CONSENT_WRITE = "consent.write"
    EXCHANGE_ASK = "exchange.ask"
    PREFILL_ASK = "prefill.ask"
    OPERATIONS_READ = "operations.read"  # health and metrics, on the management port alone
    # of people who have signed on
    AUDIT_SEARCH = "audit.search"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORT = "audit.export"
    AUDIT_PERSON = "audit.person"  # search by a person's number
    AUDIT_UNBLIND = "audit.unblind"
    FINDING_READ = "finding.read"
    FINDING_JUDGE = "finding.judge"
    SEAL_READ = "seal.read"
    SEAL_ASK = "seal.ask"
    SEAL_APPROVE = "seal.approve"
    OWN_READ = "own.read"  # who looked at me
    OWN_ASK = "own.ask"
    QUESTION_READ = "question.read"
    QUESTION_ANSWER = "question.answer"
    RETENTION_READ = "retention.read"
    RETENTION_ACT = "retention.act"
    TREE_READ = "tree.read"  # entries of the tree; its hashes and checkpoints are public
    SESSION_READ = "session.read"  # one's own, whoever one is
    SESSION_END = "session.end"
    # of those who say who may do what
    ACCOUNT_READ = "account.read"
    ACCOUNT_PREPARE = "account.prepare"
    ACCOUNT_CHANGE = "account.change"  # disable, enable, unlock, end sessions
    ROLE_READ = "role.read"
    ROLE_ASK = "role.ask"
    ROLE_DECIDE = "role.decide"  # approve or refuse what another person asked for
    ROLE_REVOKE = "role.revoke"
    REVIEW_READ = "review.read"
    REVIEW_DECIDE = "review.decide"
    BREAK_GLASS_ENTER = "break_glass.enter"  # with its secret, at the door for staff
    BREAK_GLASS_READ = "break_glass.read"
    BREAK_GLASS_CLOSE = "break_glass.close"
    BREAK_GLASS_JUDGE = "break_glass.judge"  # what was done in an emergency, afterwards
    # of those who answer for agencies' systems
    SYSTEM_READ = "system.read"
    SYSTEM_REGISTER = "system.register"  # or ask for it, where a second person has to approve
    SYSTEM_APPROVE = "system.approve"
    SYSTEM_SUSPEND = "system.suspend"  # suspend, block, revoke a key: one person may close


class Party(StrEnum):
    """Who can hold a permission without signing on as a person.

    No word of these is a role's: two enumerations of words are equal where the words are.
    """

    ANYBODY = "anybody"
    SYSTEM = "system"  # an agency system with an access token
    MANAGEMENT = "management"  # whoever reaches the management port


_ACCOUNTS = frozenset({Role.OPERATOR, Role.AGENCY_ADMINISTRATOR, Role.BREAK_GLASS})
_REVIEWERS = frozenset({Role.OPERATOR, Role.AGENCY_ADMINISTRATOR, Role.PRIVACY_OFFICER})

HOLDERS: MappingProxyType[Permission, frozenset[Party | Role]] = MappingProxyType(
    {
        Permission.PUBLIC: frozenset({*Party, *Role}),
        Permission.CATALOG_READ: frozenset({Party.SYSTEM}),
        Permission.CONSENT_READ: frozenset({Party.SYSTEM}),
        Permission.CONSENT_WRITE: frozenset({Party.SYSTEM}),
        Permission.EXCHANGE_ASK: frozenset({Party.SYSTEM}),
        Permission.PREFILL_ASK: frozenset({Party.SYSTEM}),
        Permission.OPERATIONS_READ: frozenset({Party.MANAGEMENT}),
        Permission.AUDIT_SEARCH: frozenset({Role.AUDITOR}),
        Permission.AUDIT_READ: frozenset({Role.AUDITOR}),
        Permission.AUDIT_EXPORT: frozenset({Role.AUDITOR}),
        Permission.AUDIT_PERSON: frozenset({Role.AUDITOR}),
        Permission.AUDIT_UNBLIND: frozenset({Role.AUDITOR}),
        Permission.FINDING_READ: frozenset({Role.AUDITOR, Role.PRIVACY_OFFICER}),
        Permission.FINDING_JUDGE: frozenset({Role.AUDITOR}),
        Permission.SEAL_READ: frozenset({Role.AUDITOR, Role.PRIVACY_OFFICER}),
        Permission.SEAL_ASK: frozenset({Role.OFFICIAL}),
        Permission.SEAL_APPROVE: frozenset({Role.PRIVACY_OFFICER}),
        Permission.OWN_READ: frozenset({Role.CITIZEN}),
        Permission.OWN_ASK: frozenset({Role.CITIZEN}),
        Permission.QUESTION_READ: frozenset(
            {Role.AUDITOR, Role.PRIVACY_OFFICER, Role.AGENCY_ADMINISTRATOR}
        ),
        Permission.QUESTION_ANSWER: frozenset({Role.PRIVACY_OFFICER, Role.AGENCY_ADMINISTRATOR}),
        Permission.RETENTION_READ: frozenset({Role.AUDITOR, Role.PRIVACY_OFFICER, Role.OPERATOR}),
        Permission.RETENTION_ACT: frozenset({Role.OPERATOR}),
        Permission.TREE_READ: frozenset({Role.AUDITOR}),
        Permission.SESSION_READ: frozenset(Role),
        Permission.SESSION_END: frozenset(Role),
        Permission.ACCOUNT_READ: frozenset({*_ACCOUNTS, Role.AUDITOR}),
        Permission.ACCOUNT_PREPARE: _ACCOUNTS,
        Permission.ACCOUNT_CHANGE: _ACCOUNTS,
        Permission.ROLE_READ: frozenset({*_ACCOUNTS, Role.AUDITOR, Role.PRIVACY_OFFICER}),
        Permission.ROLE_ASK: _ACCOUNTS,
        # Not the last resort: whoever opened it may be the person who asked.
        Permission.ROLE_DECIDE: frozenset({Role.OPERATOR, Role.AGENCY_ADMINISTRATOR}),
        Permission.ROLE_REVOKE: _ACCOUNTS,
        Permission.REVIEW_READ: frozenset({*_REVIEWERS, Role.AUDITOR}),
        Permission.REVIEW_DECIDE: _REVIEWERS,
        Permission.BREAK_GLASS_ENTER: frozenset({*Party, *Role}),
        Permission.BREAK_GLASS_READ: frozenset(
            {Role.AUDITOR, Role.PRIVACY_OFFICER, Role.OPERATOR, Role.BREAK_GLASS}
        ),
        Permission.BREAK_GLASS_CLOSE: frozenset({Role.OPERATOR, Role.BREAK_GLASS}),
        Permission.BREAK_GLASS_JUDGE: frozenset({Role.AUDITOR, Role.PRIVACY_OFFICER}),
        Permission.SYSTEM_READ: frozenset({Role.OPERATOR, Role.AGENCY_ADMINISTRATOR, Role.AUDITOR}),
        Permission.SYSTEM_REGISTER: frozenset({Role.OPERATOR, Role.AGENCY_ADMINISTRATOR}),
        Permission.SYSTEM_APPROVE: frozenset({Role.OPERATOR}),
        Permission.SYSTEM_SUSPEND: frozenset({Role.OPERATOR, Role.AGENCY_ADMINISTRATOR}),
    }
)


class Strength(Struct, frozen=True):
    """How strongly, and how recently, a person must have signed on."""

    level: int  # 1 or 2: the levels of electronic identity (NĐ 69/2024, second-hand, domain.md 1.6)
    max_age_s: int | None = None  # since the person proved who they are; None: any time


_ANY = Strength(1)
_STRONG = Strength(2)  # several factors for administrators: TCVN 14423:2026 5.6, second-hand
_STEP_UP = Strength(2, 300)

# The ages are our own bound (derived): no text that we read fixes them.
STRENGTH: MappingProxyType[Permission, Strength] = MappingProxyType(
    dict.fromkeys(Permission, _ANY)
    | dict.fromkeys(
        (
            Permission.AUDIT_PERSON,
            Permission.RETENTION_READ,
            Permission.ACCOUNT_READ,
            Permission.ROLE_READ,
            Permission.REVIEW_READ,
            Permission.BREAK_GLASS_READ,
            Permission.BREAK_GLASS_CLOSE,
            Permission.SYSTEM_READ,
        ),
        _STRONG,
    )
    | dict.fromkeys(
        (
            Permission.AUDIT_EXPORT,
            Permission.AUDIT_UNBLIND,
            Permission.SEAL_APPROVE,
            Permission.RETENTION_ACT,
            Permission.ACCOUNT_PREPARE,
            Permission.ACCOUNT_CHANGE,
            Permission.ROLE_ASK,
            Permission.ROLE_DECIDE,
            Permission.ROLE_REVOKE,
            Permission.REVIEW_DECIDE,
            Permission.BREAK_GLASS_JUDGE,
            Permission.SYSTEM_REGISTER,
            Permission.SYSTEM_APPROVE,
            Permission.SYSTEM_SUSPEND,
        ),
        _STEP_UP,
    )
)


def strength(permission: Permission, roles: frozenset[Role]) -> Strength:
    """Return how strongly somebody with *roles* must have signed on for *permission*.

    The last resort cannot prove itself again: its whole life is bounded instead.
    """
    demanded = STRENGTH[permission]
    return Strength(demanded.level) if Role.BREAK_GLASS in roles else demanded


class Listener(StrEnum):
    """A door of the gateway: an address of its own, with routes of its own."""

    SERVICE = "service"  # agencies' systems, and citizens
    ADMIN = "admin"  # staff (TCVN 14423:2026 5.13.2.3, second-hand, domain.md 1.8)


_BOTH = frozenset(Listener)
_SERVICE = frozenset({Listener.SERVICE})
_ADMIN = frozenset({Listener.ADMIN})

LISTENERS: MappingProxyType[Permission, frozenset[Listener]] = MappingProxyType(
    dict.fromkeys(Permission, _ADMIN)
    | dict.fromkeys((Permission.PUBLIC, Permission.SESSION_READ, Permission.SESSION_END), _BOTH)
    | dict.fromkeys(
        (
            Permission.CATALOG_READ,
            Permission.CONSENT_READ,
            Permission.CONSENT_WRITE,
            Permission.EXCHANGE_ASK,
            Permission.PREFILL_ASK,
            Permission.OWN_READ,
            Permission.OWN_ASK,
        ),
        _SERVICE,
    )
    | {Permission.OPERATIONS_READ: frozenset[Listener]()}  # a port of its own, beside the doors
)


def may(party: Party | Role, permission: Permission) -> bool:
    """Say whether *party* holds *permission*."""
    return party in HOLDERS[permission]


def may_any(roles: frozenset[Role], permission: Permission) -> bool:
    """Say whether one of a person's *roles* holds *permission*."""
    return not roles.isdisjoint(HOLDERS[permission])


def served_at(permission: Permission, listener: Listener) -> bool:
    """Say whether routes of *permission* are there at *listener*; elsewhere they do not exist."""
    return listener in LISTENERS[permission]


def of_people(permission: Permission) -> bool:
    """Say whether only people who have signed on can hold *permission*."""
    return HOLDERS[permission].isdisjoint(Party)
