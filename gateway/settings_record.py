"""Settings of what follows the record: the tree, and whatever reads or keeps it."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field


class Keeper(BaseModel, frozen=True, extra="forbid"):
    """The process beside the workers that folds, follows, proves and retains the record."""

    enabled: bool = True  # False: another host keeps, or `motlan keep` runs by itself
    port: Annotated[int, Field(ge=0, le=65_535)] = 9080  # health and metrics; the first free one


class Tree(BaseModel, frozen=True, extra="forbid"):
    """The Merkle tree over all records, and the keys that sign its checkpoints."""

    # Never changed once a checkpoint was signed: it is the log's name for ever (C2SP checkpoint).
    origin: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9./-]{2,100}$")] = "motlan.demo/audit/1"
    keys_dir: Path = Path(".motlan/keys/log")
    guard_file: Path = Path(".motlan/tree-guard.json")  # what this node has published
    round_ms: Annotated[int, Field(ge=20, le=250)] = 100  # between two rounds with work
    round_records: Annotated[int, Field(ge=100, le=50_000)] = 5_000  # folded in one round, at most
    alarm_s: Annotated[float, Field(ge=1, le=3_600)] = 60.0  # merge delay that is an alarm
