"""Providers, attempts and ID tokens for tests of signing on, and a relying party over a mock."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from msgspec.structs import replace

from auth.jose import SigningKey, new_private_jwk, public_jwk, signed, signing_key
from auth.outbound import Outbound
from auth.signon.attempts import Attempt
from auth.signon.conversation import Conversation
from auth.signon.desk import Door, SignOn
from auth.signon.providers import Provider
from auth.signon.published import Ages, Published
from auth.signon.signed_on import Realm
from gateway.clock import utc_now
from tests.sso import CLIENT_ID, a_client, answered
from tests.sso import Provider as Sso

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
ISSUER = "https://sso.h99.example"
ORIGIN = "http://127.0.0.1:8200"
KEY = signing_key(new_private_jwk("ES256"))  # the provider's
OURS = signing_key(new_private_jwk("ES256"))
LOOPBACK = (ip_network("127.0.0.0/8"),)

PROVIDER = Provider(
    code="staff",
    realm=Realm.STAFF,
    issuer=ISSUER,
    client_id=CLIENT_ID,
    origin=ORIGIN,
    acr_levels={"urn:motlan:acr:1": 1, "urn:motlan:acr:2": 2},
    loas_levels={"1": 1, "2": 2},
    title_vi="Cán bộ",
    title_en="Officials",
)
ATTEMPT = Attempt(
    provider="staff",
    state="state-of-this-browser",
    nonce="nonce-of-this-attempt",
    verifier="verifier-" * 6,
    target="/me",
    level=1,
    begun_at=NOW.timestamp() - 30,
)


def a_provider_value(**members: Any) -> Provider:
    """Return a staff provider as the settings describe one."""
    return replace(PROVIDER, **members)


def an_attempt(**members: Any) -> Attempt:
    """Return an attempt at that provider, begun half a minute ago."""
    return replace(ATTEMPT, **members)


def id_members(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good ID token; a change to None leaves a claim out."""
    now = int(NOW.timestamp())
    good = {
        "iss": ISSUER,
        "sub": "sub-Ab1",
        "aud": CLIENT_ID,
        "iat": now - 1,
        "exp": now + 300,
        "auth_time": now - 20,
        "nonce": ATTEMPT.nonce,
        "acr": "urn:motlan:acr:2",
        "amr": ["pwd", "hwk"],
        "sid": "sid-1",
        "TechID": "tech-77",
        "HoVaTen": "Trần Thị Bình",
        "ma_can_bo": "CB-0001",
        "ma_don_vi": "H99.30.01",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def sealed(claims: Mapping[str, Any], *, typ: str = "JWT", key: SigningKey = KEY) -> str:
    """Return *claims* as the provider, or another *key*, signs them."""
    return signed(json.dumps(claims).encode(), key, typ=typ)


def metadata_members(**changes: Any) -> dict[str, Any]:
    """Return the metadata of a good provider; a change to None leaves a member out."""
    good = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "jwks_uri": f"{ISSUER}/jwks",
        "end_session_endpoint": f"{ISSUER}/logout",
        "pushed_authorization_request_endpoint": f"{ISSUER}/par",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "authorization_response_iss_parameter_supported": True,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def encoded(members: Mapping[str, Any]) -> bytes:
    """Return *members* as a provider sends them."""
    return json.dumps(members).encode()


def segments(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and payload of a token, read by nobody's rules."""
    header, payload, _ = token.split(".")
    return _opened(header), _opened(payload)


def _opened(segment: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=="))
    return content


class Kept:
    """Keeps attempts in memory, as one worker alone could."""

    def __init__(self) -> None:
        self.boxes: dict[bytes, bytes] = {}

    async def keep(self, key: bytes, box: bytes, *, now: datetime, life_s: float) -> None:
        """Keep one."""
        del now, life_s
        self.boxes[key] = box

    async def take(self, key: bytes, now: datetime) -> bytes | None:
        """Take one out."""
        del now
        return self.boxes.pop(key, None)


class UsedUp:
    """Remembers in memory which ids were used."""

    def __init__(self) -> None:
        self.used: set[tuple[str, str]] = set()

    async def claim(self, owner: str, jti: str, expires_at: float) -> bool:
        """Say whether this is the first use."""
        del expires_at
        first = (owner, jti) not in self.used
        self.used.add((owner, jti))
        return first


def a_door(provider: Provider, *, timeout_s: float = 3, ages: Ages | None = None) -> Door:
    """Return a door to a provider on the loopback."""
    outbound = Outbound(networks=LOOPBACK, timeout_s=timeout_s)
    return Door(
        provider=provider,
        published=Published(provider.issuer, outbound, ages=ages),
        conversation=Conversation(provider, outbound, lambda _: OURS),
    )


def doors_to(sso: Sso, *, ages: Ages | None = None) -> dict[str, Door]:
    """Return doors to both realms of a mock."""
    staff = a_provider_value(issuer=sso.issuer("staff"))
    citizens = a_provider_value(
        code="citizens", realm=Realm.CITIZENS, issuer=sso.issuer("citizens")
    )
    return {each.code: a_door(each, ages=ages) for each in (staff, citizens)}


def a_desk(sso: Sso, *, ages: Ages | None = None) -> SignOn:
    """Return a relying party of both realms, which remembers in memory."""
    return SignOn(doors_to(sso, ages=ages), Kept(), UsedUp())


def our_registration(**members: Any) -> Any:
    """Return what the mock has to know of us."""
    codes = ("staff", "citizens")
    return a_client(
        *(f"{ORIGIN}/sign-on/{code}/callback" for code in codes),
        key=public_jwk(OURS),
        post_logout_redirect_uris=(f"{ORIGIN}/sign-on/signed-out",),
        **members,
    )


async def signed_on_at(
    sso: Sso, desk: SignOn, persona: str, *, provider: str = "staff", level: int = 1
) -> Any:
    """Sign *persona* on and return what was proven."""
    begun = await desk.begin(provider, target="/me", level=level, now=utc_now())
    back = await sso.walk(begun.url, persona, level=level)
    proven, _ = await desk.finish(answered(back), begun.attempt, utc_now(), provider=provider)
    return proven
