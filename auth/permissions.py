"""Which party may use which route: one closed table; a route outside it does not start."""

from enum import StrEnum
from types import MappingProxyType

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


class Party(StrEnum):
    """Who can hold a permission without signing on as a person."""

    ANYBODY = "anybody"
    SYSTEM = "system"  # an agency system with an access token
    OPERATOR = "operator"  # whoever reaches the management port


HOLDERS: MappingProxyType[Permission, frozenset[Party | Role]] = MappingProxyType(
    {
        Permission.PUBLIC: frozenset({*Party, *Role}),
        Permission.CATALOG_READ: frozenset({Party.SYSTEM}),
        Permission.CONSENT_READ: frozenset({Party.SYSTEM}),
        Permission.CONSENT_WRITE: frozenset({Party.SYSTEM}),
        Permission.EXCHANGE_ASK: frozenset({Party.SYSTEM}),
        Permission.PREFILL_ASK: frozenset({Party.SYSTEM}),
        Permission.OPERATIONS_READ: frozenset({Party.OPERATOR}),
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
    }
)


def may(party: Party | Role, permission: Permission) -> bool:
    """Say whether *party* holds *permission*."""
    return party in HOLDERS[permission]


def may_any(roles: frozenset[Role], permission: Permission) -> bool:
    """Say whether one of a person's *roles* holds *permission*."""
    return not roles.isdisjoint(HOLDERS[permission])


def of_people(permission: Permission) -> bool:
    """Say whether only people who have signed on can hold *permission*."""
    return HOLDERS[permission].isdisjoint(Party)
