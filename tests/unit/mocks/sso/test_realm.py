"""What a realm keeps, and for how long."""

from mocks import config
from mocks.clock import MovableClock
from mocks.sso.realm import ACCESS_S, Issued, Realm
from mocks.sso.staff import staff


def test_what_has_ended_is_forgotten() -> None:
    """A demo runs for weeks; its memory stays flat."""
    clock = MovableClock()
    realm = Realm("staff", staff(), config.Realm(), clock.now)
    ends_at = clock.now() + ACCESS_S
    realm.issued["token"] = Issued(account=staff()[0], level=1, ends_at=ends_at)
    realm.spent["code"] = "token"
    realm.forget()
    kept = dict(realm.spent)
    clock.ahead_s = ACCESS_S + 1
    realm.forget()

    assert {"code": "token"} == kept
    assert ({}, {}) == (realm.issued, realm.spent)


def test_endpoints_lie_under_the_issuer() -> None:
    """The base is known once the server listens."""
    realm = Realm("staff", staff(), config.Realm(), MovableClock().now)
    realm.base = "http://127.0.0.1:9105"

    assert "http://127.0.0.1:9105/realms/staff" == realm.issuer
