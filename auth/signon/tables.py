"""Rows of sign-on attempts."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

metadata = MetaData(schema="auth")

# The key is the SHA-256 of a browser's cookie; what is sealed opens with that cookie alone.
sign_on_attempt = Table(
    "sign_on_attempt",
    metadata,
    Column("key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint("key", name="sign_on_attempt_pkey"),
    CheckConstraint("octet_length(key) = 32", name="sign_on_attempt_key_check"),
    CheckConstraint(
        "octet_length(sealed) BETWEEN 29 AND 8192", name="sign_on_attempt_sealed_check"
    ),
    Index("sign_on_attempt_expires_at_ix", "expires_at"),
)
