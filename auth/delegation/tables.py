"""Rows of tokens that were taken back; private to the repository beside this module."""

from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, Table, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP

metadata = MetaData(schema="auth")

revoked_token = Table(
    "revoked_token",
    metadata,
    Column("token_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
    Column(
        "revoked_at",
        TIMESTAMP(timezone=True),
        nullable=False,
        server_default=func.clock_timestamp(),
    ),
    PrimaryKeyConstraint("token_id", name="revoked_token_pkey"),
    Index("revoked_token_expires_at_idx", "expires_at"),
)
