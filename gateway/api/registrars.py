"""Those who administer systems: whose systems they see, and which version they saw."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import Provide
from msgspec import Struct

from auth.approvals.asked import Request as Asked
from auth.approvals.desk import Done, RegistrationDesk
from auth.credentials import members
from auth.credentials.repository import KeySetRepository
from auth.credentials.uses import Uses
from auth.people import Person
from auth.roles.grants import Scope
from auth.systems import Note, System
from gateway.api.administration import scope_here
from gateway.api.bodies import invalid
from gateway.api.registered import Outcome, SystemTold, refusing, request_told, told, words
from gateway.clock import Clock
from gateway.errors import Code, Refusal

SCOPE = {"within": Provide(scope_here)}
_LONGEST_VERSION = 18  # digits of a bigint that is one


class Registry(Struct, frozen=True, kw_only=True):
    """What the routes of systems ask."""

    desk: RegistrationDesk
    key_sets: KeySetRepository
    uses: Uses
    agencies: Callable[[], Collection[str]]  # codes of the published catalog
    clock: Clock

    async def told(self, found: Sequence[System]) -> tuple[SystemTold, ...]:
        """Return systems with what was read at their addresses, and when they were used last."""
        now = self.clock()
        keys = await self.key_sets.listed()
        uses = await self.uses.of(tuple(each.client_id for each in found))
        return tuple(
            told(each, now, keys=keys.get(each.client_id), use=uses[each.client_id])
            for each in found
        )

    async def history(self, client_id: str, within: Scope) -> tuple[System, ...]:
        """Return every version of a system that is *within* the caller's scope, oldest first.

        Raises:
            Refusal: NOT_FOUND; also for a system of another agency, so that nobody learns of it.
        """
        if members.is_client_id(client_id) is None:
            raise Refusal(Code.NOT_FOUND)
        with refusing():
            found = await self.desk.history(client_id)
        if not within.covers(found[-1].registration.agency):
            raise Refusal(Code.NOT_FOUND)
        return found

    def demand_agency(self, agency: str, within: Scope) -> None:
        """Refuse an agency that the catalog does not have, or that is not the caller's.

        Raises:
            Refusal: VALIDATION_FAILED or PERMISSION_MISSING.
        """
        if not within.covers(agency):
            raise Refusal(Code.PERMISSION_MISSING)
        if agency not in self.agencies():
            raise invalid("/agency")


def note_of(person: Person, reason: str, now: datetime) -> Note:
    """Return who does it, why and when.

    Raises:
        Refusal: VALIDATION_FAILED, the reason has not its form.
    """
    return Note(by=person.id, reason=words("/reason", reason), at=now)


def demand_version(request: Request[Any, Any, State], *, may_be_new: bool = False) -> int | None:
    """Return the version that the caller saw; None when it asks that there be none yet.

    Raises:
        Refusal: PRECONDITION_REQUIRED without one; PRECONDITION_FAILED for a tag that is none of
            ours, which therefore matches nothing.

    Source: RFC 9110 sections 13.1.1 and 13.1.2: the comparison is strong, so a weak tag never fits.
    """
    match, none_match = (request.headers.get(name) for name in ("if-match", "if-none-match"))
    if may_be_new and none_match is not None and none_match.strip() == "*" and match is None:
        return None
    if match is None:
        raise Refusal(Code.PRECONDITION_REQUIRED)
    digits = match.strip().removeprefix('"').removesuffix('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST_VERSION:
        raise Refusal(Code.PRECONDITION_FAILED)
    if match.strip() != f'"{digits}"' or none_match is not None:
        raise Refusal(Code.PRECONDITION_FAILED)
    return int(digits)


def outcome_of(done: Done, now: datetime) -> Outcome:
    """Return what became of an act."""
    asked: Asked | None = done.request
    return Outcome(
        changed=done.changed,
        system=None if done.system is None else told(done.system, now),
        request=None if asked is None else request_told(asked),
    )
