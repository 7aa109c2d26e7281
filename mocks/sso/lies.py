"""The ways in which a provider that can be reached is not to be believed."""

from enum import StrEnum


class Lie(StrEnum):
    """One way to lie; contracts/README.md says what the relying party sees."""

    # in the answer that the browser carries
    WRONG_ISS = "wrong-iss"
    MISSING_ISS = "missing-iss"
    WRONG_STATE = "wrong-state"
    MISSING_STATE = "missing-state"
    DENIED = "access-denied"
    OTHER_CODE = "other-code"
    # in the ID token
    WRONG_NONCE = "wrong-nonce"
    MISSING_NONCE = "missing-nonce"
    WRONG_AUDIENCE = "wrong-audience"
    TWO_AUDIENCES = "two-audiences"
    WRONG_TOKEN_ISSUER = "wrong-token-issuer"  # noqa: S105 - a fault's name
    EXPIRED = "expired"
    UNSIGNED = "unsigned"
    SHARED_SECRET = "shared-secret"  # noqa: S105 - a fault's name
    OTHER_KEY = "other-key"
    KEY_INSIDE = "key-inside"
    LOW_LEVEL = "low-level"
    OLD_SIGN_ON = "old-sign-on"
    MISSING_CLAIMS = "missing-claims"
    DUPLICATE_MEMBER = "duplicate-member"
    # elsewhere
    WRONG_DISCOVERY_ISSUER = "wrong-discovery-issuer"
    FOREIGN_ENDPOINT = "foreign-endpoint"
    PUSH_REFUSED = "push-refused"
    EMPTY_KEYS = "empty-keys"
    OTHER_USERINFO = "other-userinfo"
    # in logout tokens
    LOGOUT_WITH_NONCE = "logout-with-nonce"
    LOGOUT_WITHOUT_EVENT = "logout-without-event"
    LOGOUT_UNSIGNED = "logout-unsigned"
    LOGOUT_WRONG_AUDIENCE = "logout-wrong-audience"
    LOGOUT_EXPIRED = "logout-expired"


class Lies:
    """The lies in force, and how many more times each will be told."""

    def __init__(self) -> None:
        self._left: dict[Lie, int] = {}

    def order(self, lie: Lie, times: int) -> None:
        """Tell *lie* the next *times* it fits: 0 stops it, -1 lasts until stopped."""
        self._left[lie] = times

    def take(self, lie: Lie) -> bool:
        """Say whether *lie* is told now, and count it."""
        left = self._left.get(lie, 0)
        if left > 0:
            self._left[lie] = left - 1
        return left != 0

    def first(self, *lies: Lie) -> Lie | None:
        """Take the first of *lies* that is in force."""
        return next((lie for lie in lies if self.take(lie)), None)
