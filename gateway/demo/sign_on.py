"""The demo's sign-on: two providers on one port, and everybody who may sign people on there."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from auth.client import ClientKey
from auth.signon.providers import CALLBACK
from gateway.api.sign_on import BACKCHANNEL, SIGNED_OUT
from gateway.api.sign_on_keys import PATH as JWKS_PATH
from gateway.demo.processes import Processes, free_port

SIGN_ON_PORT = 9105
UP_S = 20.0
CLIENT_ID = "motlan"
STAFF, CITIZENS = "can-bo", "cong-dan"  # codes of the two providers; they stand in addresses
REALMS = {STAFF: "staff", CITIZENS: "citizens"}
TITLES = {
    STAFF: ("Đăng nhập một lần của tỉnh (minh hoạ)", "The province's sign-on (stand-in)"),
    CITIZENS: ("Định danh điện tử (minh hoạ)", "Electronic identity (stand-in)"),
}
COUNTERS = frozenset({"bhxh-tinh"})  # systems at which officials sign on themselves


class DemoSignOn:
    """Starts the stand-in of the sign-on, and tells it who its clients are."""

    def __init__(self, directory: Path) -> None:
        """Keep the list of clients, and the last address, in *directory*."""
        self.url: str | None = None
        self.moved = False  # another address than the last time: links to accounts are void
        self._port = 0
        self._clients = directory / "sign-on.json"
        self._address = directory / "sign-on.url"

    def settle(self, port: int) -> None:
        """Choose the address: where it was the last time, else *port*, else any that is free.

        Accounts are linked to an issuer, and an issuer is an address.
        """
        before = self._address.read_text("ascii") if self._address.exists() else ""
        last = int(before.rpartition(":")[2] or 0)
        self._port = free_port(last or port)
        self.url = f"http://127.0.0.1:{self._port}"
        self.moved = before not in {"", self.url}
        self._address.write_text(self.url, "ascii")

    def start(
        self,
        processes: Processes,
        environ: Mapping[str, str],
        at: tuple[str, str],
        keys: Mapping[str, ClientKey],
    ) -> None:
        """Start it; *at* is where the gateway is for everybody, and for staff."""
        told = {"sso": realms(*at, keys=keys)}
        self._clients.write_text(json.dumps(told, indent=1), encoding="utf-8")
        given = ["--port", str(self._port), "--config", str(self._clients)]
        processes.start("sign-on", [sys.executable, "-m", "mocks", "sso", *given], environ)

    def await_up(self, processes: Processes) -> None:
        """Return when it answers, at once when it was not started; raise NotReady."""
        if self.url is not None:
            processes.await_answer("sign-on", f"{self.url}/__health", within_s=UP_S)

    def issuer(self, code: str) -> str:
        """Return the issuer of one of the two providers."""
        return issuer_at(self.url or "", code)


def issuer_at(url: str, code: str) -> str:
    """Return the issuer of a provider of the sign-on at *url*."""
    return f"{url}/realms/{REALMS[code]}"


def callback_of(client_id: str) -> str:
    """Return where the browser of a system's official comes back to; nobody is there in a demo."""
    return f"https://{client_id}.example/dang-nhap"


def realms(
    gateway: str, admin: str, *, keys: Mapping[str, ClientKey]
) -> dict[str, dict[str, object]]:
    """Return both realms, each with its clients: the gateway, and systems with officials."""
    systems = {
        client_id: {
            "redirect_uris": [callback_of(client_id)],
            "jwks": {"keys": [keys[client_id].public]},
        }
        for client_id in COUNTERS & keys.keys()
    }
    return {
        REALMS[STAFF]: {"clients": {CLIENT_ID: _gateway(STAFF, admin, gateway), **systems}},
        # What goes into an ID token may come back in the address of a logout, so no number does.
        REALMS[CITIZENS]: {
            "clients": {CLIENT_ID: _gateway(CITIZENS, gateway, gateway)},
            "par": "offered",
            "token_claims": False,
        },
    }


def _gateway(code: str, origin: str, gateway: str) -> dict[str, object]:
    """Return the registration of the gateway at a provider."""
    return {
        "redirect_uris": [origin + CALLBACK.format(provider=code)],
        "post_logout_redirect_uris": [origin + SIGNED_OUT],
        "backchannel_logout_uri": origin + BACKCHANNEL.replace("{provider:str}", code),
        "jwks_uri": gateway + JWKS_PATH,
    }


def providers(url: str, *, staff_origin: str, keys: Path) -> dict[str, dict[str, object]]:
    """Return the gateway's settings of both, as tables."""
    tables: dict[str, dict[str, object]] = {
        "sign_on": {"staff_origin": staff_origin, "keys_dir": str(keys / "sign-on")}
    }
    for code, realm in REALMS.items():
        vi, en = TITLES[code]
        tables[f"sign_on.providers.{code}"] = {
            "issuer": issuer_at(url, code),
            "realm": realm,
            "client_id": CLIENT_ID,
            "title_vi": vi,
            "title_en": en,
            "networks": ["127.0.0.0/8"],
        }
    return tables
