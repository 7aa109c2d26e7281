"""Rows of consents, private to the repository: what migration 0004 made, for the schema check."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

SCHEMA = "consents"
metadata = MetaData(schema=SCHEMA)


def _text(name: str, *rest: ForeignKey, nullable: bool = False) -> Column[str]:
    return Column(name, Text, *rest, nullable=nullable)


def _moment(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False)


def _created() -> Column[object]:
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


notice = Table(
    "notice",
    metadata,
    _text("sha256"),
    _text("language"),
    _text("body"),
    _created(),
    PrimaryKeyConstraint("sha256", name="notice_pkey"),
)

record = Table(
    "record",
    metadata,
    _text("id"),
    _text("principal_ref"),
    _text("recipient"),
    _text("purpose"),
    _text("service"),
    Column("elements", ARRAY(Text), nullable=False),
    Column("told_sensitive", ARRAY(Text), nullable=False),
    _moment("valid_from"),
    Column("calls_per_day", Integer),
    Column("data_life_days", Integer, nullable=False),
    _text("notice_sha256", ForeignKey("consents.notice.sha256", name="record_notice_fkey")),
    _text("schema_version"),
    _created(),
    Column("digest", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id", name="record_pkey"),
    Index("record_lookup", "principal_ref", "recipient", "purpose", "service"),
)

representation = Table(
    "representation",
    metadata,
    _text("id"),
    _text("principal_ref"),
    _text("representative_ref"),
    _text("relation"),
    _created(),
    PrimaryKeyConstraint("id", name="representation_pkey"),
)

representation_check = Table(
    "representation_check",
    metadata,
    _text(
        "representation_id",
        ForeignKey("consents.representation.id", name="representation_check_of_fkey"),
    ),
    Column("rev", BigInteger, nullable=False),
    Column("live", Boolean, nullable=False),
    _moment("valid_to"),
    Column("child_assent", Boolean, nullable=False),
    _text("source"),
    _moment("checked_at"),
    PrimaryKeyConstraint("representation_id", "rev", name="representation_check_pkey"),
)

event = Table(
    "event",
    metadata,
    _text("record_id", ForeignKey("consents.record.id", name="event_record_fkey")),
    Column("seq", BigInteger, nullable=False),
    _text("state"),
    _moment("at"),
    _moment("valid_to"),
    _text("entity_ref"),
    _text("entity_role"),
    _text(
        "representation_id",
        ForeignKey("consents.representation.id", name="event_representation_fkey"),
        nullable=True,
    ),
    _text("method"),
    _text("acr", nullable=True),
    _text("evidence_sha256", nullable=True),
    _text("reason", nullable=True),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("record_id", "seq", name="event_pkey"),
    Index(
        "event_by_representation",
        "representation_id",
        postgresql_where="representation_id IS NOT NULL",
    ),
)
