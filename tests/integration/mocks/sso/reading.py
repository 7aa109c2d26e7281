"""Tokens as a stranger reads them, and the schemas of the contract."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import jsonschema_rs

from tests.registers import contract


def header(token: str) -> dict[str, Any]:
    """Return the header of a JWS, unverified."""
    return json.loads(_part(token, 0))


def claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWS, unverified."""
    return json.loads(_part(token, 1))


def schema(name: str) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of a schema of the contract."""
    components = contract("sso")["components"]
    return jsonschema_rs.Draft202012Validator(
        {"components": components, "$ref": f"#/components/schemas/{name}"}
    )


def _part(token: str, at: int) -> bytes:
    part = token.split(".")[at]
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
