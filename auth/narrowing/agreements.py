"""Which agreements a token may carry: what was asked for, inside what the system may use now."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct

from auth import replies
from auth.narrowing import details
from auth.narrowing.details import AgreementDetail
from auth.replies import Declined


class Reach(Struct, frozen=True):
    """How far one agreement lets a system go now."""

    services: frozenset[str]
    purposes: frozenset[str]


Reaches: TypeAlias = Mapping[str, Reach]  # by code of the agreement


class Wanted(Struct, frozen=True):
    """What a token will be good for."""

    agreements: frozenset[str]
    details: tuple[AgreementDetail, ...] = ()

    @property
    def scope(self) -> str:
        """The codes as `scope` spells them (RFC 6749 section 3.3)."""
        return " ".join(sorted(self.agreements))


def wanted(form: Mapping[str, str], reaches: Reaches) -> Wanted:
    """Return what a token request asks for.

    `scope` names agreements whole.  `authorization_details` name them too, and may narrow each to
    services and purposes.  Both together count together (RFC 9396 section 3.1): the details win,
    and may name nothing that the scope leaves out.  With neither the token is for all agreements.

    Args:
        form: members of the request.
        reaches: what the system may use now.

    Raises:
        DetailsRefused: the details are not well-formed.
        Declined: SCOPE or DETAILS, something beyond what the system may use now.
    """
    scope = frozenset(form.get("scope", "").split())
    if not scope <= reaches.keys():
        raise Declined(replies.SCOPE)
    text = form.get("authorization_details")
    if text is None:
        return Wanted(scope or frozenset(reaches))
    found = details.read(text)
    if any(_beyond(each, reaches.get(each.identifier)) for each in found):
        raise Declined(replies.DETAILS, "an agreement, service or purpose may not be used now")
    named = details.agreements(found)
    if scope and not named <= scope:
        raise Declined(replies.DETAILS, "an agreement is not in the scope")
    return Wanted(named, _once(found))


def _beyond(detail: AgreementDetail, reach: Reach | None) -> bool:
    return (
        reach is None
        or not reach.services.issuperset(detail.services)
        or not reach.purposes.issuperset(detail.purposes)
    )


def _once(found: Iterable[AgreementDetail]) -> tuple[AgreementDetail, ...]:
    return tuple(dict.fromkeys(found))
