"""Which writers stand still because something is wrong with them; pure, with time as an argument.

A missing number may still come: after a failover a writer stores its last minute again.  So a gap
becomes damage only when it stays; a wrong hash or link is damage at once.
"""

from gateway.sequencing.prefix import Cursor, Damage
from gateway.sequencing.standing import Stopped

PATIENCE_S = 5.0
LOOK_AGAIN_S = 5.0  # a stopped writer is looked at so often: its rows may have been restored
_AT_ONCE = frozenset({Damage.HASH, Damage.LINK, Damage.BEYOND})


class Watch:
    """Remembers since when each writer has been in trouble."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._since: dict[str, float] = {}
        self._looked: dict[str, float] = {}
        self._stopped: dict[str, Stopped] = {}

    @property
    def stopped(self) -> tuple[Stopped, ...]:
        """Return the writers that stand still, in order of their names."""
        return tuple(self._stopped[writer] for writer in sorted(self._stopped))

    def due(self, writer: str, now_s: float) -> bool:
        """Tell whether a look at *writer* is worth its price: always, unless it is stopped."""
        if writer not in self._stopped:
            return True
        if now_s - self._looked[writer] < LOOK_AGAIN_S:
            return False
        self._looked[writer] = now_s
        return True

    def look_again(self) -> None:
        """Let stopped writers be looked at in the next round: somebody may have repaired them."""
        self._looked = dict.fromkeys(self._looked, float("-inf"))

    def troubled(self, cursor: Cursor, damage: Damage, now_s: float) -> None:
        """Note trouble with the record that *cursor* names."""
        writer = cursor.writer
        since = self._since.setdefault(writer, now_s)
        if damage not in _AT_ONCE and now_s - since < self._patience_s:
            return
        self._stopped[writer] = Stopped(writer, cursor.next_seq, damage)
        self._looked[writer] = now_s

    def well(self, writer: str) -> None:
        """Note that *writer* went on or is whole."""
        self._since.pop(writer, None)
        self._looked.pop(writer, None)
        self._stopped.pop(writer, None)
