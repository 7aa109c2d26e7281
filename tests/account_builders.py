"""People whom a provider has proven, and desks of accounts over a real database, for tests."""

import hashlib
from base64 import b32encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.accounts.accounts import Account, prepared
from auth.accounts.sessions import Bounds
from auth.accounts.signing_in import Accounts
from auth.accounts.visits import Visits
from auth.signon.signed_on import Realm, SignedOn
from gateway import database

NOON = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
ANH_NUMBER = "003190000123"  # a persona of docs/personas.md

OFFICIAL = SignedOn(
    provider="staff",
    realm=Realm.STAFF,
    issuer="https://sso.example",
    sub="sub-Ab1",
    link="tech-77",
    name="Trần Thị Bình",
    staff_number="CB-0001",
    agency="H99.30.01",
    acr="urn:sso:2",
    level=2,
    amr=("pwd", "otp"),
    auth_time=NOON.timestamp(),
    sid="sid-1",
    id_token="e30.e30.c2lnbmF0dXJl",
)
CITIZEN = SignedOn(
    provider="vneid",
    realm=Realm.CITIZENS,
    issuer="https://vneid.example",
    sub=ANH_NUMBER,
    link=ANH_NUMBER,
    name="Nguyễn Thị Ánh",
    so_dinh_danh=ANH_NUMBER,
    kind="1",
    acr="urn:vneid:2",
    level=2,
    auth_time=NOON.timestamp(),
    id_token="e30.e30.c2lnbmF0dXJl",
)


def an_official(**members: Any) -> SignedOn:
    """Return an official as the staff provider proves one."""
    return replace(OFFICIAL, **members)


def a_citizen(**members: Any) -> SignedOn:
    """Return a citizen as VNeID proves one."""
    return replace(CITIZEN, **members)


def an_account(**members: Any) -> Account:
    """Return the account that an administrator has prepared for `OFFICIAL`."""
    account = prepared(
        name="Trần Thị Bình",
        agency="H99.30.01",
        staff_number="CB-0001",
        by="cb-admin",
        reason="tuyển dụng mới",
        now=NOON,
    )
    return replace(account, **members)


def blind(kind: str, text: str) -> str:
    """Stand for the keyed pseudonyms: one way, and of their form."""
    digest = hashlib.sha256(f"{kind}\0{text}\0key of the tests".encode()).digest()
    return b32encode(digest[:20]).decode().lower()


class Office(Struct, frozen=True):
    """Accounts and sessions over one database."""

    engine: AsyncEngine
    accounts: Accounts
    visits: Visits


@asynccontextmanager
async def office(dsn: str, bounds: Bounds | None = None) -> AsyncGenerator[Office]:
    """Open both over the database at *dsn*, as one worker has them."""
    engine = database.engine(dsn, pool_connections=8)

    def transaction() -> Any:
        return database.transaction(engine)

    visits = Visits(transaction, blind, bounds or Bounds())
    try:
        yield Office(engine, Accounts(transaction, blind), visits)
    finally:
        await engine.dispose()
