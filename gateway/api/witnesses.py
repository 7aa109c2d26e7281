"""Anybody: who watches the log, what each of them said last, and whom a verifier should trust."""

from collections.abc import Sequence
from datetime import datetime

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from auth.permissions import Permission
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.witnessing.outcomes import WitnessLine, unwitnessed
from gateway.witnessing.repository import WitnessRepository

PATH = "/audit/log/witnesses"
POLICY_PATH = "/audit/log/policy"
_PUBLIC = {"permission": Permission.PUBLIC}
_KEPT = {"Cache-Control": "public, max-age=5"}


class PublicPolicy(Struct, frozen=True):
    """The witnesses' policy without addresses; None where nobody is asked."""

    text: str | None


class WitnessesNow(Struct, frozen=True, kw_only=True):
    """Who watches the log now."""

    required: bool  # False: this gateway has no policy, and no witnesses
    size: int  # records in the newest checkpoint that a quorum confirmed
    at: datetime  # when that was the newest
    age_s: int
    witnesses: list[WitnessLine]


class WitnessesController(Controller):
    """The witnesses' side of the log, for anybody."""

    tags: Sequence[str] | None = ("Log",)

    @get(PATH, opt=_PUBLIC)
    async def now(
        self,
        witness_book: NamedDependency[WitnessRepository],
        witness_policy: NamedDependency[PublicPolicy],
        clock: NamedDependency[Clock],
    ) -> Response[WitnessesNow]:
        """Return how long ago a quorum confirmed the log, and what each witness said last."""
        last = await witness_book.witnessed()
        return Response(
            WitnessesNow(
                required=witness_policy.text is not None,
                size=last.size,
                at=last.at,
                age_s=int(unwitnessed(last, clock()).total_seconds()),
                witnesses=await witness_book.lines(),
            ),
            headers=_KEPT,
        )

    @get(POLICY_PATH, opt=_PUBLIC, media_type="text/plain")
    async def policy(self, witness_policy: NamedDependency[PublicPolicy]) -> str:
        """Return the policy that proofs of this log satisfy (C2SP tlog-policy).

        A verifier takes it once, from a place it trusts, and keeps it: whoever believes a proof
        with the policy that came along with it believes us alone.
        """
        if witness_policy.text is None:
            raise Refusal(Code.NOT_FOUND)
        return witness_policy.text
