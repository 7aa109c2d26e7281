"""Rows of key sets and of use; private to the repository beside this module."""

from sqlalchemy import Column, MetaData, Table, Text
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

# The last token, to the minute; not an event, so a row is overwritten.
system_use = Table(
    "system_use",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("last_token_at", TIMESTAMP(timezone=True), nullable=False),
)
