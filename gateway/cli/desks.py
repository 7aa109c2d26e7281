"""Where commands about people reach the desks that decide: one database, the owner's rights."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from auth.accounts.signing_in import Accounts
from auth.accounts.visits import Visits
from auth.roles.desk import RoleDesk
from auth.roles.emergencies import EmergencyDesk
from auth.roles.reviewing import ReviewDesk
from gateway import database
from gateway.cli.edge import reachable, settings_with
from gateway.settings import Settings

Result = TypeVar("Result")
OWNER = None  # of the database: no role of a running gateway may open an emergency
NAME = "motlan people"  # what the record says these acts came through


class Desks(Struct, frozen=True):
    """Everything that decides about people's rights."""

    accounts: Accounts
    visits: Visits
    roles: RoleDesk
    reviews: ReviewDesk
    emergencies: EmergencyDesk


def at_desks(
    url: str | None, directory: Path | None, work: Callable[[Desks], Awaitable[Result]]
) -> Result:
    """Do *work* at the desks of the database that the flags or the settings name."""
    settings = settings_with(url, directory)
    with reachable(settings) as dsn:
        return asyncio.run(_at(dsn, settings, work))


async def _at(dsn: str, settings: Settings, work: Callable[[Desks], Awaitable[Result]]) -> Result:
    engine = database.engine(dsn, pool_connections=1, role=OWNER, application_name=NAME)

    def transaction() -> Any:  # noqa: ANN401 - a context manager that the desks type themselves
        return database.transaction(engine)

    desks = Desks(
        Accounts(transaction, _nobody),
        Visits(transaction, _nobody, settings.sessions.bounds()),
        RoleDesk(transaction),
        ReviewDesk(transaction, settings.roles.pace()),
        EmergencyDesk(transaction, settings.break_glass.terms()),
    )
    try:
        return await work(desks)
    finally:
        await engine.dispose()


def _nobody(kind: str, text: str) -> str:
    """Refuse to derive a pseudonym: no command signs anybody on."""
    del kind, text
    raise NotImplementedError
