"""Rows of key sets, requests and use; private to the repositories beside this module."""

from sqlalchemy import BigInteger, Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

metadata = MetaData(schema="auth")

# One row for each system whose keys stand at an address: what was read there last.
key_set = Table(
    "key_set",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("jwks", JSONB, nullable=False),
    Column("fetched_at", TIMESTAMP(timezone=True)),
    Column("tried_at", TIMESTAMP(timezone=True), nullable=False),
    Column("fault", Text),
)

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

# The last token, to the minute; not an event, so a row is overwritten.
system_use = Table(
    "system_use",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("last_token_at", TIMESTAMP(timezone=True), nullable=False),
)
