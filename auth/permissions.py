"""Which party may use which route: one closed table; a route outside it does not start."""

from enum import StrEnum
from types import MappingProxyType


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


class Party(StrEnum):
    """Who can hold a permission.  Roles of people join when people sign on."""

    ANYBODY = "anybody"
    SYSTEM = "system"  # an agency system with an access token
    OPERATOR = "operator"  # whoever reaches the management port


HOLDERS: MappingProxyType[Permission, frozenset[Party]] = MappingProxyType(
    {
        Permission.PUBLIC: frozenset(Party),
        Permission.CATALOG_READ: frozenset({Party.SYSTEM}),
        Permission.CONSENT_READ: frozenset({Party.SYSTEM}),
        Permission.CONSENT_WRITE: frozenset({Party.SYSTEM}),
        Permission.EXCHANGE_ASK: frozenset({Party.SYSTEM}),
        Permission.PREFILL_ASK: frozenset({Party.SYSTEM}),
        Permission.OPERATIONS_READ: frozenset({Party.OPERATOR}),
    }
)


def may(party: Party, permission: Permission) -> bool:
    """Say whether *party* holds *permission*."""
    return party in HOLDERS[permission]
