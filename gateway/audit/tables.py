"""Rows of the record; private to the repository.  Writers use `gateway.audit.lane` instead."""

from sqlalchemy import BigInteger, Column, Date, DateTime, LargeBinary, MetaData, Table, Text

METADATA = MetaData(schema="audit")

WRITER = Table(
    "writer",
    METADATA,
    Column("writer", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("node", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("pubkey", LargeBinary),
    Column("closed_seq", BigInteger),
)

ENTRY = Table(
    "entry",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("writer", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
)
