"""Rows of accounts, links and sessions; private to the repository beside this module."""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

metadata = MetaData(schema="auth")

account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("realm", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("name", Text),
    Column("agency", Text),
    Column("staff_number", Text),
    Column("person_ref", Text),
    Column("by", Text),
    Column("reason", Text, nullable=False),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False),
    Column("changed_at", TIMESTAMP(timezone=True), nullable=False),
    Column("last_seen_at", TIMESTAMP(timezone=True)),
)

# `ref` is a keyed pseudonym of issuer and stable claim: a provider may use a person's number.
account_link = Table(
    "account_link",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("at", TIMESTAMP(timezone=True), nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("id", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("subject_ref", Text, nullable=False),
    Column("sid_ref", Text),
    Column("level", SmallInteger, nullable=False),
    Column("authenticated_at", TIMESTAMP(timezone=True), nullable=False),
    Column("opened_at", TIMESTAMP(timezone=True), nullable=False),
    Column("seen_at", TIMESTAMP(timezone=True), nullable=False),
    Column("ends_at", TIMESTAMP(timezone=True), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

# The view of grants that are valid now; `auth.roles` owns what is behind it.
role_held = Table(
    "role_held",
    metadata,
    Column("account_id", Text),
    Column("role", Text),
    Column("agency", Text),
)
