"""Settings of proof of possession: who may hand certificates over, and where nonce secrets are."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

SHORTEST_SECRET = 16


def _peer(text: str) -> str:
    """Demand an address range."""
    return str(ip_network(text))


def _secret(secret: SecretStr) -> SecretStr:
    """Demand what travels in one header as it is, and is not guessed."""
    text = secret.get_secret_value()
    if len(text) < SHORTEST_SECRET or not text.isascii() or not text.isprintable() or " " in text:
        message = f"must be at least {SHORTEST_SECRET} printable ASCII characters without spaces"
        raise ValueError(message)
    return secret


class PossessionSettings(BaseModel, frozen=True, extra="forbid"):
    """How systems prove that a token is theirs."""

    # Address ranges of the proxies that end TLS and hand over what certificate they saw (RFC 9440);
    # from anybody else the header counts as absent.  Nobody, unless named.
    certificate_peers: tuple[Annotated[str, AfterValidator(_peer)], ...] = ()
    # What those proxies send along in Motlan-Proxy-Secret; needed where others share their address.
    certificate_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    nonces_dir: Path | None = None  # shared by all workers; default: beside the signing keys
    demand_nonces: bool = False  # of every proof that comes with a question, not for tokens alone
    nonce_rotation_s: Annotated[int, Field(ge=60, le=604_800)] = 86_400
