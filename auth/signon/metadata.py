"""What a provider says about itself, judged before anything of it is used."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from msgspec import UNSET, Struct, UnsetType

from auth.jose import ALGORITHM_NAMES
from auth.signon.members import NotUnderstood, members, shaped
from auth.signon.refusals import Ending, SignOnRefused

WELL_KNOWN = "/.well-known/openid-configuration"  # appended to the issuer, OpenID Discovery 4
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_ADDRESS = 2048


class Metadata(Struct, frozen=True, kw_only=True):
    """What we use of a provider's metadata (OpenID Discovery 1.0, RFC 8414, 9126, 9207, 9449)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    pushed_authorization_request_endpoint: str | None = None
    end_session_endpoint: str | None = None
    require_pushed_authorization_requests: bool = False
    authorization_response_iss_parameter_supported: bool = False
    binds_tokens: bool = False  # it takes DPoP proofs that we can make


class _Lists(Struct, frozen=True, kw_only=True):
    """The lists that say whether our ways are also its ways; absent ones have defaults."""

    response_types_supported: tuple[str, ...] = ("code",)
    grant_types_supported: tuple[str, ...] = ("authorization_code",)
    code_challenge_methods_supported: tuple[str, ...] = ()
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] | UnsetType = UNSET
    dpop_signing_alg_values_supported: tuple[str, ...] = ()


def judge(document: bytes, issuer: str, hosts: frozenset[str] = frozenset()) -> Metadata:
    """Return the metadata of *issuer*.

    Args:
        document: as it was fetched from the issuer's own address.
        issuer: compared exactly.
        hosts: other hosts, with their port when it is not the usual one, that may stand in its
            addresses; the issuer's own always may.

    Raises:
        SignOnRefused: PROVIDER_UNTRUSTED; it speaks for another issuer, names an address that is
            not of the web or on a host that nobody named, or does not offer what FAPI 2.0 demands
            of a provider.

    Source: OpenID Discovery 1.0 section 4.3; RFC 9700 section 4.4 (mix-up); FAPI 2.0 section 5.3.
    """
    try:
        found = members(document)
        metadata, lists = shaped(found, Metadata), shaped(found, _Lists)
    except NotUnderstood:
        raise _untrusted("the metadata is not in the agreed form") from None
    if metadata.issuer != issuer:
        raise _untrusted("the metadata is that of another issuer")
    _demand_addresses(metadata, hosts | {urlsplit(issuer).netloc})
    _demand_ways(metadata, lists)
    return Metadata(
        **{name: getattr(metadata, name) for name in Metadata.__struct_fields__[:-1]},
        binds_tokens="ES256" in lists.dpop_signing_alg_values_supported,
    )


def is_address(text: str) -> bool:
    """Tell whether *text* may be asked or shown to a browser: https, or http on this host."""
    try:
        parts = urlsplit(text)
        odd = parts.username is not None or parts.fragment or parts.port == 0
    except ValueError:
        return False
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    readable = text.isascii() and text.isprintable() and " " not in text and "\\" not in text
    web = bool(parts.hostname) and (parts.scheme == "https" or plain)
    return web and readable and not odd and len(text) <= _LONGEST_ADDRESS


def _demand_addresses(metadata: Metadata, hosts: frozenset[str]) -> None:
    demanded = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
    optional = (
        metadata.userinfo_endpoint,
        metadata.pushed_authorization_request_endpoint,
        metadata.end_session_endpoint,
    )
    named = (*demanded, *(each for each in optional if each is not None))
    if not all(map(is_address, named)):
        raise _untrusted("the metadata names an address that is not https")
    if not all(urlsplit(each).netloc in hosts for each in named):
        raise _untrusted("the metadata names an address on a host that the settings do not")


def _demand_ways(metadata: Metadata, lists: _Lists) -> None:
    signing = lists.token_endpoint_auth_signing_alg_values_supported
    ways: dict[str, bool] = {
        "code": "code" in lists.response_types_supported
        and "authorization_code" in lists.grant_types_supported,
        "PKCE with S256": "S256" in lists.code_challenge_methods_supported,
        "private_key_jwt": "private_key_jwt" in lists.token_endpoint_auth_methods_supported,
        "client assertions by elliptic curves": signing is UNSET or _ours(signing),
        "ID tokens by elliptic curves": _ours(lists.id_token_signing_alg_values_supported),
        "an address for pushed requests": not metadata.require_pushed_authorization_requests
        or metadata.pushed_authorization_request_endpoint is not None,
    }
    missing = [way for way, offered in ways.items() if not offered]
    if missing:
        raise _untrusted(f"the provider does not offer {missing[0]}")


def _ours(names: Iterable[str]) -> bool:
    return not set(ALGORITHM_NAMES).isdisjoint(names)


def _untrusted(fact: str) -> SignOnRefused:
    return SignOnRefused(Ending.PROVIDER_UNTRUSTED, fact)
