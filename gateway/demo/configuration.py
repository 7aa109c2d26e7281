"""The settings of the demo's gateway, written as the file an operator would write."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.sign_on import providers
from gateway.demo.witnesses import ROUND_S

# What the stand-ins take; every value is public and refused in production.
SOURCES: dict[str, dict[str, dict[str, str]]] = {
    "population": {
        "credentials": {
            "token": "pop-demo-token",
            "access_key": "demo-access",
            "secret_key": "demo-secret",
            "officer.canbo.demo": "canbo-demo-secret",
        },
        "options": {
            "app_name": "motlan",
            "partner_code": "H99",
            "partner_code_cus": "H99",
            "default_officer": "canbo.demo",
            "default_procedure": "1.012564",
        },
    },
    "land": {"credentials": {"api_key": "land-demo-key"}, "options": {"agency": "H99"}},
    "insurance": {
        "credentials": {"client_id": "motlan-demo", "client_secret": "bhxh-demo-secret"},
    },
    "civil": {"credentials": {"user": "motlan", "password": "hotich-demo"}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the parts of the demo are."""

    keys: Path
    dsn: str
    gateway: str  # http://127.0.0.1:port
    admin: str  # http://127.0.0.1:port, where staff are
    management: str
    keeper: str  # health and metrics of the keeper
    registers: Mapping[str, str]
    workers: int
    policy: Path | None = None  # of the witnesses; None: nobody is asked
    sign_on: str | None = None  # of the stand-in of the sign-on; None: nobody signs on
    certificate_peers: tuple[str, ...] = ()  # who may hand client certificates over (RFC 9440)


def configuration(at: Places) -> str:
    """Return the TOML file of the gateway *at* these places."""
    gateway_port = int(at.gateway.rpartition(":")[2])
    management_port = int(at.management.rpartition(":")[2])
    tables: dict[str, dict[str, object]] = {
        "": {"environment": "demo"},
        "database": {"url": at.dsn},
        "listen": {"port": gateway_port, "workers": at.workers},
        "admin": {"port": int(at.admin.rpartition(":")[2])},
        "management": {"port": management_port},
        "keeper": {"port": int(at.keeper.rpartition(":")[2])},
        "identity": {
            "issuer": at.gateway,
            "keys_dir": str(at.keys / "signing"),
            "nonces_dir": str(at.keys / "nonces"),
            "certificate_peers": list(at.certificate_peers),
        },
        "audit": {"keys_dir": str(at.keys / "pseudonyms")},
        "tree": {
            "keys_dir": str(at.keys / "log"),
            "guard_file": str(at.keys / "tree-guard.json"),
        },
        "retention": {"archive_dir": str(at.keys.parent / "archive")},
        "exports": {
            "directory": str(at.keys.parent / "exports"),
            "keys_dir": str(at.keys / "exports"),
        },
    }
    if at.sign_on is not None:
        tables |= providers(at.sign_on, staff_origin=at.admin, keys=at.keys)
    if at.policy is not None:
        tables["witnesses"] = {"policy_file": str(at.policy), "interval_s": ROUND_S}
    for name, url in at.registers.items():
        tables[f"sources.{name}"] = {"base_url": url}
        for part, values in SOURCES[name].items():
            tables[f"sources.{name}.{part}"] = dict(values)
    return "\n".join(_table(name, values) for name, values in tables.items())


def _table(name: str, values: dict[str, object]) -> str:
    """Return one table; a JSON string is a TOML basic string, a JSON integer a TOML integer."""
    head = [f"[{name}]"] if name else []
    lines = [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([*head, *lines, ""])
