"""The settings of the demo's gateway, written as the file an operator would write."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.demo.province import Province

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


def configuration(province: "Province") -> str:
    """Return the TOML file of *province*'s gateway."""
    keys = province.plan.directory / "keys"
    gateway_port = int(province.gateway.rpartition(":")[2])
    management_port = int(province.management.rpartition(":")[2])
    tables: dict[str, dict[str, object]] = {
        "": {"environment": "demo"},
        "database": {"url": province.dsn},
        "listen": {"port": gateway_port, "workers": province.plan.workers},
        "management": {"port": management_port},
        "identity": {"issuer": province.gateway, "keys_dir": str(keys / "signing")},
        "audit": {"keys_dir": str(keys / "pseudonyms")},
    }
    for name, url in province.registers.items():
        tables[f"sources.{name}"] = {"base_url": url}
        for part, values in SOURCES[name].items():
            tables[f"sources.{name}.{part}"] = dict(values)
    return "\n".join(_table(name, values) for name, values in tables.items())


def _table(name: str, values: dict[str, object]) -> str:
    """Return one table; a JSON string is a TOML basic string, a JSON integer a TOML integer."""
    head = [f"[{name}]"] if name else []
    lines = [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([*head, *lines, ""])
