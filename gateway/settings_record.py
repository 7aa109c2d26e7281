"""Settings of what follows the record: the tree, and whatever reads or keeps it."""

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from adapters.settings import TlsSettings


class Keeper(BaseModel, frozen=True, extra="forbid"):
    """The process beside the workers that folds, follows, proves and retains the record."""

    enabled: bool = True  # False: another host keeps, or `motlan keep` runs by itself
    port: Annotated[int, Field(ge=0, le=65_535)] = 9080  # health and metrics; the first free one
    # Nobody waits for the keeper: it lets workers and database go first when they want to run.
    nice: Annotated[int, Field(ge=0, le=19)] = 10  # as nice(1) counts; 0: like everybody else


class Tree(BaseModel, frozen=True, extra="forbid"):
    """The Merkle tree over all records, and the keys that sign its checkpoints."""

    # Never changed once a checkpoint was signed: it is the log's name for ever (C2SP checkpoint).
    origin: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9./-]{2,100}$")] = "motlan.demo/audit/1"
    keys_dir: Path = Path(".motlan/keys/log")
    key_lead_s: Annotated[float, Field(ge=0, le=31_536_000)] = 604_800.0  # next, before it signs
    key_overlap_s: Annotated[float, Field(ge=0, le=31_536_000)] = 604_800.0  # old beside new
    guard_file: Path = Path(".motlan/tree-guard.json")  # what this node has published
    round_ms: Annotated[int, Field(ge=20, le=250)] = 150  # between two rounds with work
    round_records: Annotated[int, Field(ge=100, le=50_000)] = 5_000  # folded in one round, at most
    alarm_s: Annotated[float, Field(ge=1, le=3_600)] = 60.0  # merge delay that is an alarm


class Witnesses(BaseModel, frozen=True, extra="forbid"):
    """Who cosigns our checkpoints, and how long strict services go without it."""

    policy_file: Path | None = None  # C2SP tlog-policy; None: nobody is asked
    interval_s: Annotated[float, Field(ge=1, le=3_600)] = 60.0  # between two rounds
    deadline_s: Annotated[float, Field(ge=0.5, le=60)] = 10.0  # for one witness, in one round
    alarm_s: Annotated[float, Field(ge=1, le=86_400)] = 600.0  # without a quorum: an alarm
    # Without a quorum for so long, strict services stop; X-Road's limit for time stamps.
    max_unwitnessed_s: Annotated[float, Field(ge=1, le=86_400)] = 14_400.0
    look_s: Annotated[float, Field(ge=0.1, le=60)] = 1.0  # a worker's looks at the state
    tls: TlsSettings = TlsSettings()  # for witnesses behind https


class Search(BaseModel, frozen=True, extra="forbid"):
    """How auditors look through the record."""

    budget_ms: Annotated[int, Field(ge=50, le=1_500)] = 250  # for one page that no index leads to
    per_minute: Annotated[int, Field(ge=1, le=10_000)] = 60  # searches of one account, all workers


class Syslog(BaseModel, frozen=True, extra="forbid"):
    """A receiver of the record that speaks RFC 5424 over TCP."""

    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 6514  # RFC 5425
    secured: bool = True  # by TLS; False: the record's codes travel in clear
    tls: TlsSettings = TlsSettings()
    enterprise: Annotated[int, Field(ge=1, le=4_294_967_295)] = 32_473  # your number at IANA
    # A receiver confirms nothing: after a broken connection so many records are sent again.
    rewind_records: Annotated[int, Field(ge=0, le=1_000_000)] = 10_000


class Stream(BaseModel, frozen=True, extra="forbid"):
    """Who watches the record as it grows."""

    syslog: Syslog | None = None
    otlp_endpoint: str | None = None  # http(s)://host:4318; the collector confirms each batch
    otlp_ca_file: Path | None = None  # PEM; None: the system's own trust store
    batch_records: Annotated[int, Field(ge=1, le=5_000)] = 500


class Exports(BaseModel, frozen=True, extra="forbid"):
    """What auditors take out of the record."""

    directory: Path = Path(".motlan/exports")  # of finished files; workers and keeper share it
    keys_dir: Path = Path(".motlan/keys/exports")  # they sign manifests, never checkpoints
    most_records: Annotated[int, Field(ge=1, le=10_000_000)] = 1_000_000  # of one export
    most_bundle_records: Annotated[int, Field(ge=1, le=100_000)] = 10_000  # each with its proof
    stream: Stream = Stream()


class Findings(BaseModel, frozen=True, extra="forbid"):
    """When looks at people are expected, and how often the rules judge what was counted."""

    from_hour: Annotated[int, Field(ge=0, le=23)] = 6  # local; before it, it is night
    to_hour: Annotated[int, Field(ge=1, le=24)] = 21  # local; from it on, it is night
    holidays: tuple[date, ...] = ()  # beyond those of fixed date, as announced for the year
    idle_s: Annotated[float, Field(ge=0.05, le=60)] = 2.0  # between two looks at the end of the log
    judge_s: Annotated[float, Field(ge=0.05, le=3_600)] = 30.0  # between two judgements


class Retention(BaseModel, frozen=True, extra="forbid"):
    """How long records stay where; no setting goes below a rule of law (`motlan audit retention`).

    A number of months that is left out is what the rules of this release say.
    """

    enabled: bool = True  # False: another host holds the archive
    archive_dir: Path = Path(".motlan/archive")  # on another volume than the database
    copies: tuple[Path, ...] = ()  # folders that hold each archive once more
    hot_months: Annotated[int, Field(ge=4, le=120)] | None = None  # then a day is archived
    searchable_months: Annotated[int, Field(ge=4, le=240)] | None = None  # then it is dropped
    register_months: Annotated[int, Field(ge=4, le=1_200)] | None = None  # archives stay so long
    link_months: Annotated[int, Field(ge=4, le=1_200)] | None = None  # then a year's keys die
    every_s: Annotated[float, Field(ge=1, le=86_400)] = 3_600.0  # between two looks
    volume_bytes: Annotated[int, Field(ge=1)] | None = None  # of a database on another host
    headroom: Annotated[float, Field(gt=0, lt=1)] = 0.8  # share of the volume that may be taken
    alarm_days: Annotated[int, Field(ge=1, le=3_650)] = 30  # left before that share is reached
