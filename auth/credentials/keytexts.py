"""Private keys of systems as one line of text that everybody can recognise, and type wrong safely.

`motlan_live_` or `motlan_test_`, then algorithm and secret in base62, then a checksum in base62.
The beginning says where the key belongs and lets secret scanners find a key that was committed by
mistake; only letters and digits follow, so that a double click selects all of it.  The checksum is
a CRC-32 over everything before it: every single wrong character, every two neighbours exchanged
and every text cut short is noticed, and it protects against nobody who means it.
"""

import re
from zlib import crc32

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auth.base64url import decoded, encoded
from auth.credentials.environments import PREFIXES, Environment
from auth.errors import KeyRefused
from auth.jose import Algorithm, new_private_jwk, signing_key

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_SECRET_BYTES = 32
_BODY = 45  # base62 digits of a byte for the algorithm, and 32 of secret
_CHECK = 6  # base62 digits of 32 bits
_ALGORITHMS: dict[int, Algorithm] = {1: "ES256", 2: "EdDSA"}
_NUMBERS = {name: number for number, name in _ALGORITHMS.items()}
_is_text = re.compile(
    rf"motlan_(test|live)_([0-9A-Za-z]{{{_BODY}}})([0-9A-Za-z]{{{_CHECK}}})"
).fullmatch


class KeyTextRefused(KeyRefused):
    """A text is no private key of ours; *fact* says why and repeats nothing of it."""


def new(environment: Environment, algorithm: Algorithm = "ES256") -> dict[str, str]:
    """Make a key for one environment and return it as a private JWK; its id names both."""
    return _named(new_private_jwk(algorithm), environment)


def text_of(private: dict[str, str], environment: Environment) -> str:
    """Return a private JWK of ours as its one line; never to be logged or shown.

    Raises:
        KeyRefused: it is no private key of ours.
    """
    key = signing_key(private)
    secret = decoded(private["d"])
    if secret is None:
        raise KeyTextRefused("the private part of the key is no base64url")
    number = int.from_bytes(bytes([_NUMBERS[key.algorithm]]) + secret.rjust(_SECRET_BYTES, b"\0"))
    said = PREFIXES[environment] + _base62(number, _BODY)
    return said + _base62(crc32(said.encode("ascii")), _CHECK)


def read(text: str) -> tuple[dict[str, str], Environment]:
    """Return the private JWK of a line and its environment; space around the line is let pass.

    Raises:
        KeyTextRefused: it is cut short, mistyped, or no key at all.
    """
    said = text.strip()
    found = _is_text(said)
    if found is None:
        raise KeyTextRefused("a key begins motlan_test_ or motlan_live_ and has 51 characters more")
    if _number(found[3]) != crc32(said[:-_CHECK].encode("ascii")):
        raise KeyTextRefused("the checksum is wrong: the text was mistyped or cut")
    kind, secret = divmod(_number(found[2]), 1 << (8 * _SECRET_BYTES))
    if kind not in _ALGORITHMS:
        raise KeyTextRefused("the key is of a kind that is not known here")
    private = _private(_ALGORITHMS[kind], secret.to_bytes(_SECRET_BYTES))
    environment = Environment(found[1])
    return _named(private, environment), environment


def _named(private: dict[str, str], environment: Environment) -> dict[str, str]:
    bare = {name: value for name, value in private.items() if name != "kid"}
    return {**bare, "kid": PREFIXES[environment] + signing_key(bare).kid}


def _private(algorithm: Algorithm, secret: bytes) -> dict[str, str]:
    """Return the whole key of a secret: the public part follows from it."""
    if algorithm == "EdDSA":
        key = Ed25519PrivateKey.from_private_bytes(secret)
        x = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": encoded(x), "d": encoded(secret)}
    try:
        point = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1()).public_key()
    except ValueError:
        raise KeyTextRefused("the key is not one of its curve") from None
    numbers = point.public_numbers()
    x, y = (each.to_bytes(_SECRET_BYTES) for each in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y), "d": encoded(secret)}


def _base62(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * len(_DIGITS) + _VALUES[digit]
    return number
