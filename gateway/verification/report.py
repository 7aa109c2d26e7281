"""What a replay says at its end."""

from datetime import datetime

from msgspec import Struct

from gateway.verification.damage import Damages


class Counts(Struct):
    """How much was looked at."""

    records: int = 0
    archived: int = 0  # records whose day left for the archive: judged by their hashes alone
    writers: int = 0
    tiles: int = 0
    checkpoints: int = 0
    signatures: int = 0  # of the log
    cosigned: int = 0  # checkpoints with a quorum of witnesses
    pending: int = 0  # records that are not in the tree yet
    decisions: int = 0  # decided again, with the same outcome or not
    undecided: int = 0  # of the sample, those that the record alone cannot decide again


class Report:
    """The outcome of one replay."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.damages = Damages()
        self.size = 0
        self.root = b""
        self.cosigned_at: datetime | None = None  # checkpoint of the newest quorum
        self.cosigned_size: int | None = None
        self.seconds = 0.0

    @property
    def whole(self) -> bool:
        """Say whether nothing is wrong."""
        return self.damages.count == 0
