"""Authorization details (RFC 9396): which agreements a token is for, and how narrowly."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from auth.errors import DetailsRefused

TYPE = "motlan_agreement"
LARGEST_TEXT = 4096  # characters; what is granted travels in the token, which is read each time
MOST = 16  # objects in one request
MOST_CODES = 32  # services, or purposes, in one object


class AgreementDetail(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One agreement that a token is good for; an empty tuple leaves that side as wide as it is."""

    type: Literal["motlan_agreement"]
    identifier: str  # code of the agreement (RFC 9396 section 2.2)
    services: tuple[str, ...] = ()  # codes of services of that agreement
    purposes: tuple[str, ...] = ()  # codes of purposes of that agreement

    def covers(self, agreement: str, service: str, purpose: str) -> bool:
        """Say whether a question for *service* and *purpose* under *agreement* is inside this."""
        return (
            self.identifier == agreement
            and (not self.services or service in self.services)
            and (not self.purposes or purpose in self.purposes)
        )


_DECODER = msgspec.json.Decoder(tuple[AgreementDetail, ...])


def read(text: str) -> tuple[AgreementDetail, ...]:
    """Read the parameter `authorization_details` of a token request.

    Args:
        text: a JSON array of one to sixteen objects.

    Raises:
        DetailsRefused: not such an array, another type, a member that the type does not have, or a
            member of the wrong form.

    Source: RFC 9396 sections 2 and 5; unknown members are refused as its section 5 demands.
    """
    if len(text) > LARGEST_TEXT:
        raise DetailsRefused(f"longer than {LARGEST_TEXT} characters")
    try:
        found = _DECODER.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise DetailsRefused("not an array of details of the one type that is served") from None
    if not 1 <= len(found) <= MOST:
        raise DetailsRefused(f"one to {MOST} details can be asked for")
    if any(not each.identifier for each in found):
        raise DetailsRefused("identifier must be the code of an agreement")
    if any(max(len(each.services), len(each.purposes)) > MOST_CODES for each in found):
        raise DetailsRefused(f"at most {MOST_CODES} codes in one list")
    return found


def agreements(found: Iterable[AgreementDetail]) -> frozenset[str]:
    """Return the codes of the agreements that *found* names."""
    return frozenset(each.identifier for each in found)
