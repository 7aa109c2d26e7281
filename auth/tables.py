"""Rows of systems and used assertions; private to the repository beside this module."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

metadata = MetaData(schema="auth")

# One row for each act, with everything as it stood after it; the newest version decides.
system = Table(
    "system",
    metadata,
    Column("client_id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("name_vi", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("jwks", JSONB, nullable=False),
    Column("sandbox", Boolean, nullable=False),
    Column("address_ranges", ARRAY(Text), nullable=False),
    Column("jwks_uri", Text),
    Column("certificates", ARRAY(Text), nullable=False),
    Column("ends", JSONB, nullable=False),  # credential to RFC 3339 instant
    Column("by", Text, nullable=False),
    Column("approved_by", Text),
    Column("reason", Text, nullable=False),
    Column("at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint("client_id", "version", name="system_pkey"),
)

# The id of an assertion is a caller's free text, so only its SHA-256 is kept.
used_assertion = Table(
    "used_assertion",
    metadata,
    Column("client_id", Text, nullable=False),
    Column("jti_hash", LargeBinary, nullable=False),
    Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint("client_id", "jti_hash", name="used_assertion_pkey"),
    CheckConstraint("octet_length(jti_hash) = 32", name="used_assertion_jti_hash_check"),
    Index("used_assertion_expires_at_idx", "expires_at"),
)
