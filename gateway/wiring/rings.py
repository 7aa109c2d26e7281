"""The key rings of one node as a stranger may see them: names, states and digests, no key."""

from datetime import datetime

from auth.keys import SigningKeyRing
from gateway.audit.events import Event
from gateway.audit.keyring import Keyring
from gateway.audit.observed import Sight, digest_of
from gateway.retention.epochs import key_seen
from gateway.settings import Settings
from gateway.wiring.sequencing import keys_of
from gateway.wiring.sign_on import ring_of


def keys_seen(settings: Settings, now: datetime) -> dict[str, Sight]:
    """Return every key of this node by its code: ``node/ring/name``; file calls block.

    A signing key's hours are fixed when it is made, so its digest never changes; a pseudonym key's
    digest changes once, when it is destroyed.
    """
    node = settings.audit.node
    seen = _pseudonyms(node, Keyring(settings.audit.keys_dir))
    identity, sign_on = settings.identity, settings.sign_on
    if identity.keys_dir.is_dir():
        seen |= _signing(f"{node}/signing", identity.ring(), now)
    if sign_on.keys_dir.is_dir():
        seen |= _signing(f"{node}/sign-on", ring_of(settings), now)
    if settings.tree.keys_dir.is_dir():
        for pair in keys_of(settings).lines(now):
            sight = Sight(digest_of([pair.vkeys, pair.destroyed]), _made_or(pair.destroyed))
            seen[f"{node}/log/{pair.id}"] = sight
    return seen


def _signing(place: str, ring: SigningKeyRing, now: datetime) -> dict[str, Sight]:
    seen: dict[str, Sight] = {}
    for line in ring.lines(now):
        told = [line.kid, line.algorithm, line.created_at, line.active_from]
        seen[f"{place}/{line.kid}"] = Sight(digest_of(told), Event.KEY_CREATE)
    return seen


def _pseudonyms(node: str, ring: Keyring) -> dict[str, Sight]:
    known = ring.keys()
    return dict(key_seen(node, info) for info in known)


def _made_or(destroyed: bool) -> Event:  # noqa: FBT001 - a state, not a switch
    return Event.KEY_DESTROY if destroyed else Event.KEY_CREATE
