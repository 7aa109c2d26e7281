"""What a realm says of itself: metadata and keys."""

from mocks.sso.asking import LEVELS
from mocks.sso.clients import ALGORITHMS
from mocks.sso.lies import Lie
from mocks.sso.realm import Realm
from mocks.sso.tokens import ELSEWHERE
from mocks.wire import Reply, Request, json

CLAIMS = (
    *("sub", "TechID", "HoVaTen", "loAs", "acr", "amr", "auth_time", "sid"),
    *("LoaiTaiKhoan", "SoDinhDanh", "SoCMND", "GioiTinh", "DiaChi", "SoDienThoai", "ThuDienTu"),
    *("MaSoThue", "MaSoDoanhNghiep", "TenDoanhNghiep", "ma_can_bo", "ma_don_vi"),
)


def discovery(realm: Realm, request: Request) -> Reply:
    """Return the metadata of *realm* (OpenID Connect Discovery 1.0 section 3)."""
    del request
    issuer = realm.issuer
    at = ELSEWHERE if realm.lies.take(Lie.FOREIGN_ENDPOINT) else issuer
    told: dict[str, object] = {
        "issuer": f"{ELSEWHERE}/{realm.name}"
        if realm.lies.take(Lie.WRONG_DISCOVERY_ISSUER)
        else issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{at}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "end_session_endpoint": f"{issuer}/logout",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "scopes_supported": ["openid", "profile"],
        "claims_supported": list(CLAIMS),
        "subject_types_supported": ["public"],
        "acr_values_supported": list(LEVELS),
        "prompt_values_supported": ["login", "none"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
        "ui_locales_supported": ["vi", "en"],
    }
    if realm.settings.par != "absent":
        told["pushed_authorization_request_endpoint"] = f"{issuer}/par"
        told["require_pushed_authorization_requests"] = realm.settings.par == "required"
    return _public(told)


def key_set(realm: Realm, request: Request) -> Reply:
    """Return the public keys of *realm* (RFC 7517)."""
    del request
    empty = realm.lies.take(Lie.EMPTY_KEYS)
    return _public({"keys": []} if empty else realm.keys.published())


def _public(value: object) -> Reply:
    return Reply(200, json(value), headers=(("Cache-Control", "public, max-age=60"),))
