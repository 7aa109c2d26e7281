"""How often a secret of ours was guessed wrong, and the lock that follows; SQL stays in here."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from auth.roles.break_glass import DOOR

BEGIN_GUESS = "SELECT auth.begin_guess(:door, :now)"
END_GUESS = "SELECT auth.end_guess(:door)"
IS_LOCKED = "SELECT EXISTS (SELECT FROM auth.guess WHERE door = :door AND locked_at IS NOT NULL)"
OWE_UNLOCK = (
    "SELECT audit.owe('breakglass.unlock', 'breakglass', CAST(:door AS text), NULL, NULL, :by)"
)


class GuessRepository:
    """The lock of the last resort's door."""

    def __init__(self, asked: AsyncSession) -> None:
        self._asked = asked

    async def begin_guess(self, now: datetime) -> str:
        """Count one attempt before it is made; return "try", "paused" or "locked"."""
        said = await self._asked.scalar(text(BEGIN_GUESS), {"door": DOOR, "now": now})
        return str(said)

    async def end_guess(self) -> None:
        """Forget the attempts: the last one was right, or somebody unlocked the door."""
        await self._asked.execute(text(END_GUESS), {"door": DOOR})

    async def is_locked(self) -> bool:
        """Say whether five wrong secrets have locked the door."""
        return bool(await self._asked.scalar(text(IS_LOCKED), {"door": DOOR}))

    async def owe_unlock(self, by: str) -> None:
        """Owe the record that *by* unlocked the door."""
        await self._asked.execute(text(OWE_UNLOCK), {"door": DOOR, "by": by})
