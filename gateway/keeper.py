"""The keeper: one process beside the workers that folds, follows, proves and retains the record.

Nothing here is on the path of an exchange.  Several keepers may run, on one host or many: what must
be done once is guarded by the database, not by there being one of us.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from gateway.settings import Settings
from gateway.wiring.every import PARTS
from gateway.wiring.lasting import settle
from gateway.wiring.shared import Shared


class Keeper(Shared):
    """Everything that runs beside the exchanges, opened in order and closed in reverse."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Open the log and every part; the management port comes first."""
        async with AsyncExitStack() as stack:
            self.checks |= {
                "audit": self.check_log,
                "catalog": self.check_catalog,
                "database": self.check_database,
                "migrations": self.check_migrations,
            }
            slot = await self.open_management(stack, self.settings.keeper.port, self.checks)
            self.open_database(stack)
            await self.open_catalog(stack)
            await self.open_log(stack, f"{self.settings.audit.node}.k{slot}")
            for part in PARTS:
                await part.keep(stack, self)
            settle()
            yield
