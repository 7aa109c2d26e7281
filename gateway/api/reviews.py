"""Reviews of what is granted: what waits, what was said of it, and the word of a reviewer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from auth.people import Person, Role
from auth.permissions import Permission
from auth.roles.grants import Cause, Scope
from auth.roles.reviewing import ReviewDesk
from auth.roles.reviews import Item, Review
from gateway.api.administration import (
    LARGEST_BODY,
    MOST_LISTED,
    NO_STORE,
    SCOPE,
    Reason,
    refusing,
)
from gateway.api.disclosed import bounded, read
from gateway.api.operations import OfPeople, takes
from gateway.clock import Clock

REVIEWS = "/v1/reviews"
ITEMS = "/v1/reviews/{review:str}/grants"
ITEM = "/v1/reviews/{review:str}/grants/{grant:str}"

_READ = {"permission": Permission.REVIEW_READ}


class ReviewBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a grant is still needed."""

    keep: bool
    reason: Reason


class ReviewTold(Struct, frozen=True, kw_only=True):
    """One review, and how far it came."""

    id: str
    opened_at: datetime
    due_at: datetime
    lapses_at: datetime  # then what nobody confirmed ends
    grants: int
    open: int
    overdue: bool


class ReviewsListed(Struct, frozen=True, kw_only=True):
    """One page of reviews, newest first."""

    items: tuple[ReviewTold, ...]
    next_cursor: str | None


class ItemTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One grant under review."""

    grant: str
    account: str
    role: Role
    open: bool
    agency: str | None = None
    works_at: str | None = None
    keep: bool | None = None
    decided_by: str | None = None
    reason: str | None = None
    decided_at: datetime | None = None
    cause: Cause | None = None


class ItemsListed(Struct, frozen=True, kw_only=True):
    """One page of the grants of a review, by their ids."""

    items: tuple[ItemTold, ...]
    next_cursor: str | None


_BODY = msgspec.json.Decoder(ReviewBody)


class ReviewsController(Controller):
    """Rights are looked through at fixed times, by others than those who hold them."""

    tags: Sequence[str] | None = ("Roles",)
    dependencies: Mapping[str, Any] | None = SCOPE  # type: ignore[assignment]

    @get(REVIEWS, opt=_READ, operation_class=OfPeople)
    async def listed(
        self,
        *,
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        review_desk: NamedDependency[ReviewDesk],
        clock: NamedDependency[Clock],
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 20,
    ) -> Response[ReviewsListed]:
        """Return reviews, newest first, with their numbers over the whole province."""
        del person, within
        rows = bounded(limit, MOST_LISTED)
        found = await review_desk.listed(before=cursor, limit=rows)
        more = found[-1].id if len(found) == rows else None
        told = tuple(_review(each, clock()) for each in found)
        return Response(ReviewsListed(items=told, next_cursor=more), headers=NO_STORE)

    @get(ITEMS, opt=_READ, operation_class=OfPeople)
    async def items(
        self,
        *,
        review: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        review_desk: NamedDependency[ReviewDesk],
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> Response[ItemsListed]:
        """Return the grants of a review: all, or those of the own agency."""
        del person
        rows = bounded(limit, MOST_LISTED)
        found = await review_desk.items(review, within, after=cursor, limit=rows)
        more = found[-1].grant_id if len(found) == rows else None
        told = tuple(_item(each) for each in found)
        return Response(ItemsListed(items=told, next_cursor=more), headers=NO_STORE)

    @post(
        ITEM, opt={"permission": Permission.REVIEW_DECIDE}, operation_class=takes(ReviewBody),
        status_code=HTTP_200_OK, request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def decide(
        self,
        *,
        request: Request[Any, Any, State],
        review: FromPath[str],
        grant: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        review_desk: NamedDependency[ReviewDesk],
        clock: NamedDependency[Clock],
    ) -> Response[ItemTold]:
        """Confirm a grant, or end it at once; nobody reviews their own."""
        body, _ = await read(request, _BODY)
        with refusing():
            item = await review_desk.decide(
                review,
                grant,
                by=person.id,
                scope=within,
                keep=body.keep,
                reason=body.reason,
                now=clock(),
            )
        return Response(_item(item), headers=NO_STORE)


def _review(review: Review, now: datetime) -> ReviewTold:
    members: dict[str, Any] = {name: getattr(review, name) for name in review.__struct_fields__}
    return ReviewTold(overdue=review.is_overdue(now), **members)


def _item(item: Item) -> ItemTold:
    named = set(ItemTold.__struct_fields__) & set(Item.__struct_fields__)
    members: dict[str, Any] = {name: getattr(item, name) for name in named}
    return ItemTold(grant=item.grant_id, account=item.account_id, open=item.is_open, **members)
