"""Who may call the registers: demo defaults, or a JSON file given on the command line."""

from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

# Every procedure that domain knowledge names; another code is "not mapped" until a file says so.
_PROCEDURES_TEXT = """
    1.000656 1.000894 1.001193 1.001613 1.001667 1.001699 1.001731 1.001776 1.002759 1.003197
    1.004194 1.004222 1.004859 1.004873 1.009122 1.011606 1.011607 1.011608 1.012564 1.012753
    1.013225 1.013226 1.013227 1.013228 1.013831 1.013978 1.014027 1.014028 1.115668 2.000635
    2.000693 2.002307 2.002308 2.002913 3.000722
"""
PROCEDURES = frozenset(_PROCEDURES_TEXT.split())


class Officer(Struct, frozen=True, forbid_unknown_fields=True):
    """One officer's national account; one without a personal number on file is always refused."""

    secret: str
    so_dinh_danh: str | None = None


def _officers() -> dict[str, Officer]:
    return {
        "canbo.demo": Officer("canbo-demo-secret", "003185009999"),
        "canbo.thieu": Officer("canbo-thieu-secret"),
    }


class Population(Struct, frozen=True, forbid_unknown_fields=True):
    """Callers of the population register."""

    token: str = "pop-demo-token"  # noqa: S105 - a public demo value
    access_key: str = "demo-access"
    secret_key: str = "demo-secret"  # noqa: S105 - a public demo value
    officers: dict[str, Officer] = field(default_factory=_officers)
    procedures: frozenset[str] = PROCEDURES


class Land(Struct, frozen=True, forbid_unknown_fields=True):
    """Callers of the land register: key to the agency codes it may speak for."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"land-demo-key": ("H99",)})


class Insurance(Struct, frozen=True, forbid_unknown_fields=True):
    """Callers of the insurance fund: client id to secret."""

    clients: dict[str, str] = field(default_factory=lambda: {"motlan-demo": "bhxh-demo-secret"})
    token_life_s: int = 300


class Civil(Struct, frozen=True, forbid_unknown_fields=True):
    """Callers of the civil status register: user to password."""

    users: dict[str, str] = field(default_factory=lambda: {"motlan": "hotich-demo"})


class Client(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One program that signs people on; addresses are compared letter by letter."""

    redirect_uris: tuple[str, ...]
    jwks: dict[str, list[dict[str, Any]]] | None = None  # public keys of its private_key_jwt
    jwks_uri: str | None = None  # or where they are published; read again when a key is not known
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None

    def __post_init__(self) -> None:
        """Refuse both or neither way to its keys."""
        if (self.jwks is None) == (self.jwks_uri is None):
            raise ValueError("jwks or jwks_uri")


class Realm(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one realm of the sign-on behaves, and which programs use it."""

    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    par: Literal["required", "offered", "absent"] = "required"  # RFC 9126
    token_claims: bool = True  # claims of the person in the ID token too, beside userinfo


class Sso(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The two realms of the sign-on; a test door adds programs while it runs."""

    staff: Realm = field(default_factory=Realm)
    # What goes into a token may come back in the address of a logout: numbers stay in userinfo.
    citizens: Realm = field(default_factory=lambda: Realm(par="offered", token_claims=False))


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a file may set; a part that is left out keeps its demo values."""

    population: Population = Population()
    land: Land = Land()
    insurance: Insurance = Insurance()
    civil: Civil = Civil()
    sso: Sso = field(default_factory=Sso)


def load(path: Path | None) -> Config:
    """Return the configuration in *path*; msgspec.ValidationError names what is wrong with it."""
    return Config() if path is None else msgspec.json.decode(path.read_bytes(), type=Config)
