"""Credentials of a `kind: system` document: keys, their address, certificates, and ends."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import yaml

from auth.credentials import members, nodes
from auth.credentials.nodes import judged, wrong
from auth.credentials.rotating import MOST_CERTIFICATES, MOST_KEYS
from auth.systems import Credentials, Registration

MEMBERS = frozenset({"jwks", "jwks_uri", "certificates"})
_END = "expires_at"
_THUMBPRINT = "x5t#S256"


def read(node: yaml.Node, said: Mapping[str, yaml.Node]) -> Credentials:
    """Return what a document says that a system proves itself by.

    Args:
        node: the document, for what it lacks.
        said: its members.

    Raises:
        Wrong: a mistake, with its line.
    """
    ends: dict[str, datetime] = {}
    if not MEMBERS & said.keys():
        raise wrong(node, "member_missing", "jwks, jwks_uri or certificates must be given")
    if {"jwks", "jwks_uri"} <= said.keys():
        raise wrong(
            said["jwks_uri"], "two_key_sets", "keys stand here or at an address, not at both"
        )
    jwks = _keys(said["jwks"], ends) if "jwks" in said else ()
    certificates = _certificates(said["certificates"], ends) if "certificates" in said else ()
    jwks_uri = judged(said["jwks_uri"], members.key_address) if "jwks_uri" in said else None
    if not jwks and not certificates and jwks_uri is None:
        raise wrong(node, "member_missing", "jwks, jwks_uri or certificates must be given")
    return Credentials(jwks=jwks, jwks_uri=jwks_uri, certificates=certificates, ends=ends)


def written(registration: Registration) -> dict[str, Any]:
    """Return the members that `read` reads back to the same credentials."""
    ends = {name: end.isoformat() for name, end in registration.ends.items()}
    found: dict[str, Any] = {}
    if registration.jwks:
        found["jwks"] = {"keys": [{**jwk, **_ended(jwk["kid"], ends)} for jwk in registration.jwks]}
    if registration.jwks_uri is not None:
        found["jwks_uri"] = registration.jwks_uri
    if registration.certificates:
        found["certificates"] = [
            {_THUMBPRINT: each, **_ended(each, ends)} for each in registration.certificates
        ]
    return found


def _ended(name: str, ends: Mapping[str, str]) -> dict[str, str]:
    return {_END: ends[name]} if name in ends else {}


def _keys(node: yaml.Node, ends: dict[str, datetime]) -> tuple[dict[str, str], ...]:
    said = nodes.members(node)
    if said.keys() != {"keys"}:
        raise wrong(node, "not_a_key_set", "a key set has one member: keys")
    found: dict[str, dict[str, str]] = {}
    for item in nodes.items(said["keys"], MOST_KEYS):
        given = nodes.members(item)
        end = given.pop(_END, None)
        jwk = _key(item, given)
        if jwk["kid"] in found:
            raise wrong(item, "key_twice", "another key of the set has the same kid")
        found[jwk["kid"]] = jwk
        if end is not None:
            ends[jwk["kid"]] = judged(end, members.instant, instant=True)
    if not found:
        raise wrong(node, "no_key", "at least one key must be given")
    return tuple(found.values())


def _key(node: yaml.Node, given: Mapping[str, yaml.Node]) -> dict[str, str]:
    texts = {name: nodes.text(each) for name, each in given.items() if name not in members.UNREAD}
    try:
        return members.jwk(texts)
    except members.MemberRefused as refused:
        raise wrong(node, refused.word, refused.fact) from None


def _certificates(node: yaml.Node, ends: dict[str, datetime]) -> tuple[str, ...]:
    """Return thumbprints, each written by itself or with its end."""
    found: list[str] = []
    for item in nodes.items(node, MOST_CERTIFICATES):
        given = nodes.members(item) if isinstance(item, yaml.MappingNode) else {_THUMBPRINT: item}
        if not {_THUMBPRINT} <= given.keys() <= {_THUMBPRINT, _END}:
            raise wrong(item, "not_a_certificate", f"give {_THUMBPRINT}, and {_END} if it has one")
        thumbprint = judged(given[_THUMBPRINT], members.thumbprint)
        if thumbprint in found:
            raise wrong(item, "certificate_twice", "the certificate is given twice")
        found.append(thumbprint)
        if _END in given:
            ends[thumbprint] = judged(given[_END], members.instant, instant=True)
    return tuple(found)
