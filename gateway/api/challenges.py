"""What a 401 asks for, in `WWW-Authenticate` (RFC 6750 section 3, RFC 9449 section 7.1)."""

from collections.abc import Mapping

from gateway.errors import Code, Refusal

ALGORITHMS = "ES256 EdDSA"  # of proofs; RFC 9449 section 7.1

# Codes of a token that is, or should be, bound to a key; and the word that clients switch on.
DPOP: Mapping[Code, str] = {
    Code.DPOP_PROOF_MISSING: "invalid_token",
    Code.DPOP_PROOF_INVALID: "invalid_dpop_proof",
    Code.DPOP_PROOF_REPLAYED: "invalid_dpop_proof",
    Code.DPOP_KEY_MISMATCH: "invalid_token",
    Code.USE_DPOP_NONCE: "use_dpop_nonce",
    Code.AUTHORIZATION_SCHEME_WRONG: "invalid_token",
    Code.BINDING_REQUIRED: "invalid_token",
}
_DPOP = f'DPoP realm="motlan", algs="{ALGORITHMS}"'
_BEARER = 'Bearer realm="motlan"'
NONCE = "dpop_nonce"  # the fact that becomes the header DPoP-Nonce


def challenges(refused: Refusal) -> list[tuple[bytes, bytes]]:
    """Return the headers of a 401: the schemes that would do, and the nonce that is asked for."""
    headers = [(b"www-authenticate", _asked_for(refused).encode("ascii"))]
    nonce = refused.facts.get(NONCE)
    if isinstance(nonce, str):
        headers.append((b"dpop-nonce", nonce.encode("ascii")))
    return headers


def _asked_for(refused: Refusal) -> str:
    code = refused.code
    if code is Code.STEP_UP_REQUIRED:
        return f"{_BEARER}, {_step_up(refused)}"
    if code is Code.TOKEN_MISSING:  # RFC 6750 section 3.1: without a token there is no error
        return f"{_DPOP}, {_BEARER}"
    if code is Code.AUTHORIZATION_SCHEME_WRONG:
        return f'{_DPOP}, error="{DPOP[code]}", {_BEARER}, error="{DPOP[code]}"'
    if code not in DPOP:
        return f'{_BEARER}, error="invalid_token"'
    fact = refused.facts.get("fact")
    said = f', error_description="{fact}"' if isinstance(fact, str) else ""
    return f'{_DPOP}, error="{DPOP[code]}"{said}'


def _step_up(refused: Refusal) -> str:
    """Say what would be enough: a stronger, or a fresher, sign-on (RFC 9470 section 3)."""
    level, max_age_s = refused.facts.get("level"), refused.facts.get("max_age_s")
    asked = f'error="insufficient_user_authentication", acr_values="{level}"'
    return asked if max_age_s is None else f'{asked}, max_age="{max_age_s}"'
