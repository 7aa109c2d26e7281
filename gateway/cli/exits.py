"""Exit codes: one table, the same for every command."""

from enum import IntEnum


class Exit(IntEnum):
    """What the number that a command ends with means."""

    OK = 0
    FAULT = 1
    USAGE = 2
    SETTINGS = 3
    DATABASE = 4
    MIGRATIONS = 5
    REFUSED = 6
    UNHEALTHY = 7
    UNANSWERED = 8


MEANINGS: dict[Exit, str] = {
    Exit.OK: "done",
    Exit.FAULT: "a fault of ours; the message names its kind",
    Exit.USAGE: "the command was not understood",
    Exit.SETTINGS: "a setting is unknown, out of bounds, unreadable, or not for production",
    Exit.DATABASE: "the database cannot be reached, started or stopped",
    Exit.MIGRATIONS: "migrations are pending, or the database is newer than this release",
    Exit.REFUSED: "what was asked is not allowed, or a document is wrong; nothing was changed",
    Exit.UNHEALTHY: "a check found something wrong",
    Exit.UNANSWERED: "nobody answered, or somebody behind them did not; later it may be fine",
}

EPILOGUE = "Exit codes: " + " · ".join(f"{code.value} {MEANINGS[code]}" for code in Exit) + "."
