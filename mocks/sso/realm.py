"""One realm: its issuer, keys, people, and everything that is under way in it."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from mocks import config
from mocks.sso.accounts import Account
from mocks.sso.asking import Asking
from mocks.sso.clients import Clients
from mocks.sso.keys import Keys
from mocks.sso.lies import Lies
from mocks.sso.sessions import Once, Session, Sessions

CODE_S = 60  # FAPI 2.0 section 5.3.2.1
PUSHED_S = 60
PAGE_S = 600
ACCESS_S = 300


class Grant(Struct, frozen=True, kw_only=True):
    """What a code stands for."""

    asking: Asking
    session: Session


class Issued(Struct, frozen=True, kw_only=True):
    """What an access token stands for."""

    account: Account
    level: int
    ends_at: float


class Realm:
    """The state of one realm; the endpoints are built over it."""

    def __init__(
        self,
        name: str,
        accounts: tuple[Account, ...],
        settings: config.Realm,
        now: Callable[[], float],
    ) -> None:
        self.name = name
        self.title = {"staff": "Đăng nhập cán bộ", "citizens": "Định danh công dân"}[name]
        self.accounts: Mapping[str, Account] = {each.id: each for each in accounts}
        self.settings = settings
        self.clients = Clients(settings.clients)
        self.now = now
        self.base = ""  # scheme and host of the server, known once it listens
        self.keys = Keys()
        self.lies = Lies()
        self.sessions = Sessions()
        self.pushed: Once[Asking] = Once(now, PUSHED_S)
        self.pages: Once[Asking] = Once(now, PAGE_S)
        self.codes: Once[Grant] = Once(now, CODE_S)
        self.spent: dict[str, str] = {}  # a used code, and the token that came of it
        self.issued: dict[str, Issued] = {}

    @property
    def issuer(self) -> str:
        """Return the issuer identifier; every endpoint lies under it."""
        return f"{self.base}/realms/{self.name}"

    @property
    def cookie(self) -> str:
        """Return the name of the browser's cookie."""
        return f"sso_{self.name}"

    def forget(self) -> None:
        """Forget tokens that have ended, and the codes they came of."""
        now = self.now()
        self.issued = {name: each for name, each in self.issued.items() if each.ends_at > now}
        self.spent = {code: name for code, name in self.spent.items() if name in self.issued}
