"""Sign-on: the providers of the settings, how we reach them, and the keys we prove ourselves by."""

from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from litestar import Controller
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.errors import KeyRingUnusable
from auth.keys import SigningKeyRing
from auth.outbound import Outbound
from auth.repository import Desk
from auth.signon.attempts import begun
from auth.signon.conversation import Conversation
from auth.signon.desk import Door, SignOn
from auth.signon.published import Published
from auth.signon.refusals import SignOnRefused
from auth.signon.repository import Attempts
from auth.signon.staff_tokens import StaffTokens
from gateway import database
from gateway.api.sign_on_keys import SignOnKeysController
from gateway.settings import Settings
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = (SignOnKeysController,)
PROVIDES: tuple[str, ...] = ("sign_on", "sign_on_keys", "staff_tokens")

# A provider may keep our JWK set for an hour, and read it again only when it misses a key.
LEAD = timedelta(hours=1)  # how long a new key of ours is published before it signs
KEEP = timedelta(hours=2)  # how long an old one stays published
QUESTION_S = 3.0  # for one question to a provider; a visit has five for all of its questions


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Make our key when there is none, and open a door for each provider; nobody is asked yet."""
    del stack  # nothing stays open between two questions
    ring = ring_of(shared.settings)
    doors = doors_of(shared.settings, ring)
    if doors:
        ring.ensure(shared.clock())
    desk = sign_on_of(doors, shared.engine)
    shared.meters.observe("motlan.sign_on.endings", desk.tally.endings)
    shared.meters.observe("motlan.sign_on.away", desk.tally.away)
    return {
        "sign_on": desk,
        "sign_on_keys": ring.export_jwks if doors else no_keys,
        "staff_tokens": staff_tokens_of(doors, shared.identity.issuer),
    }


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Nothing waits for the keeper: attempts that are over go when the next one comes."""
    del stack, shared


def ring_of(settings: Settings) -> SigningKeyRing:
    """Return the keys of our client assertions; nothing is opened."""
    shown = settings.sign_on
    return SigningKeyRing(shown.keys_dir, keep=KEEP, algorithm=shown.algorithm)


def doors_of(settings: Settings, ring: SigningKeyRing) -> dict[str, Door]:
    """Return a door for each provider of the settings, in their order."""
    issuer = settings.identity.issuer
    doors: dict[str, Door] = {}
    for code, shown in settings.sign_on.providers.items():
        provider = settings.sign_on.provider(code, issuer)
        outbound = Outbound(networks=shown.networks, ca_file=shown.ca_file, timeout_s=QUESTION_S)
        doors[code] = Door(
            provider=provider,
            published=Published(provider.issuer, outbound, hosts=shown.hosts),
            conversation=Conversation(provider, outbound, ring.signing),
        )
    return doors


def sign_on_of(doors: dict[str, Door], engine: AsyncEngine) -> SignOn:
    """Return what the routes of sign-on ask."""
    attempts = Attempts(lambda: database.transaction(engine))
    return SignOn(doors, attempts, _UsedTokens(Desk(lambda: database.transaction(engine))))


def staff_tokens_of(doors: dict[str, Door], audience: str) -> StaffTokens:
    """Return what judges officials' tokens for token exchange; *audience* is our issuer."""
    return StaffTokens(
        {code: door.provider for code, door in doors.items()},
        {code: door.published for code, door in doors.items()},
        audience,
    )


async def standing(settings: Settings, now: datetime) -> dict[str, tuple[bool, str]]:
    """Try each provider as far as a browser would get, without sending one there.

    Returns:
        By the provider's code, whether it is well, and what an operator has to know.
    """
    ring = ring_of(settings)
    return {code: await _tried(door, now) for code, door in doors_of(settings, ring).items()}


async def _tried(door: Door, now: datetime) -> tuple[bool, str]:
    attempt = begun(door.provider.code, target="/", level=1, max_age=None, now=now.timestamp())
    try:
        metadata = await door.published.metadata(now.timestamp())
        kids = await door.published.key_ids(now.timestamp())
        await door.conversation.address(metadata, attempt, now)
    except (SignOnRefused, KeyRingUnusable) as wrong:
        return False, wrong.fact
    pushed = metadata.pushed_authorization_request_endpoint is not None
    says = "it takes our request" if pushed else "pushed requests are not offered"
    return bool(kids), f"{len(kids)} usable keys; {says}"


def no_keys(_: datetime) -> dict[str, list[dict[str, str]]]:
    """Return the JWK set of a gateway at which nobody signs on."""
    return {"keys": []}


class _UsedTokens:
    """Logout tokens are used up beside client assertions: both are signed, and good once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def claim(self, owner: str, jti: str, expires_at: float) -> bool:
        return await self._desk.remember(owner, jti, expires_at)
