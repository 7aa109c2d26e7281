"""Rows of requests; private to the repository beside this module."""

from sqlalchemy import BigInteger, Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

metadata = MetaData(schema="auth")

# What one person asked for and another one decides.
system_request = Table(
    "system_request",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("base", BigInteger, nullable=False),
    Column("wanted", JSONB, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", TIMESTAMP(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", TIMESTAMP(timezone=True)),
    Column("decision", Text),
)
