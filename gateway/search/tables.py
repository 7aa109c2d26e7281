"""Rows of the search tables; private to the repository.  The follower copies into them."""

from sqlalchemy import BigInteger, Column, Date, DateTime, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

METADATA = MetaData(schema="search")
_CODES = ("op", "org", "client", "official", "service", "dataset", "purpose", "proc", "dossier")
_GROUNDS = ("law", "agreement", "consent", "policy", "decision", "match", "delivered")

IX = Table(
    "ix",
    METADATA,
    Column("leaf_index", BigInteger, primary_key=True),
    Column("ts", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("entry", Uuid, nullable=False),
    Column("continues", Uuid),
    Column("day", Date, nullable=False),
    Column("writer", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    *(Column(name, Text) for name in (*_CODES, *_GROUNDS)),
    Column("status", SmallInteger),
    Column("sens", SmallInteger),
    Column("n", BigInteger),
    Column("exchange", Uuid),
    Column("change_kind", Text),
    Column("change_id", Text),
    *(
        Column(name, ARRAY(Text, as_tuple=True))
        for name in ("codes", "fields", "asked", "subjects")
    ),
)

SUBJECT = Table(
    "subject",
    METADATA,
    Column("p", Text, primary_key=True),
    Column("leaf_index", BigInteger, primary_key=True),
)

SPAN = Table(
    "span",
    METADATA,
    Column("block", BigInteger, primary_key=True),
    Column("min_ts", BigInteger, nullable=False),
    Column("max_ts", BigInteger, nullable=False),
)

CURSOR = Table(
    "cursor",
    METADATA,
    Column("next_index", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
