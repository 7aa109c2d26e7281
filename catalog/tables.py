"""Rows of the catalog; private to the repository beside this module.

Each kind has its append-only table of versions; `entry` says which version stands, in which state.
Triggers keep `entry` and `head`, so a row there without a published version cannot be written.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from catalog.kinds import Kind

metadata = MetaData(schema="catalog")
INSTANT = TIMESTAMP(timezone=True)


def _versions(kind: Kind, *columns: Column[object]) -> Table:
    """Return the table of versions of *kind*, with the columns it is found by."""
    name = f"{kind.value}_version"
    return Table(
        name,
        metadata,
        Column("code", Text, nullable=False),
        Column("rev", BigInteger, nullable=False),
        *columns,
        Column("digest", Text, nullable=False),
        Column("document", LargeBinary, nullable=False),
        Column("published_by", Text, nullable=False),
        Column("approved_by", Text, nullable=False),
        PrimaryKeyConstraint("code", "rev", name=f"{name}_pkey"),
    )


def _text(name: str, *, optional: bool = False) -> Column[object]:
    return Column(name, Text, nullable=optional)


versions: dict[Kind, Table] = {
    Kind.AGENCY: _versions(
        Kind.AGENCY, _text("kind"), _text("parent", optional=True), _text("name_vi")
    ),
    Kind.DATASET: _versions(Kind.DATASET, _text("version"), _text("owner"), _text("source")),
    Kind.ELEMENT: _versions(
        Kind.ELEMENT,
        _text("dataset"),
        _text("personal_kind"),
        _text("legal_letter", optional=True),
        Column("grade", SmallInteger, nullable=False),
    ),
    Kind.BASIS: _versions(
        Kind.BASIS,
        _text("instrument"),
        _text("article"),
        _text("mark"),
        _text("kind"),
        Column("valid_from", Date, nullable=False),
        Column("valid_to", Date),
    ),
    Kind.PURPOSE: _versions(Kind.PURPOSE, _text("kind")),
    Kind.RULE: _versions(
        Kind.RULE, Column("order", Integer, nullable=False), _text("answer"), _text("mark")
    ),
    Kind.SERVICE: _versions(
        Kind.SERVICE,
        _text("version"),
        _text("owner"),
        _text("dataset"),
        _text("dataset_version"),
        _text("source"),
        _text("operation"),
        Column("sunset", INSTANT),
    ),
    Kind.PROCEDURE: _versions(
        Kind.PROCEDURE,
        _text("mark"),
        Column("valid_from", Date, nullable=False),
        Column("valid_to", Date),
    ),
    Kind.AGREEMENT: _versions(
        Kind.AGREEMENT,
        _text("provider"),
        _text("consumer"),
        Column("systems", ARRAY(Text), nullable=False),
        Column("valid_from", INSTANT, nullable=False),
        Column("valid_to", INSTANT, nullable=False),
    ),
}

agreement_scope = Table(
    "agreement_scope",
    metadata,
    Column("code", Text, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("elements", ARRAY(Text), nullable=False),
    Column("purposes", ARRAY(Text), nullable=False),
    Column("calls_per_day", BigInteger),
    Column("calls_per_minute", BigInteger),
    Column("persons_per_day", BigInteger),
    PrimaryKeyConstraint("code", "rev", "id", name="agreement_scope_pkey"),
    ForeignKeyConstraint(
        ["code", "rev"],
        ["catalog.agreement_version.code", "catalog.agreement_version.rev"],
        name="agreement_scope_version_fkey",
    ),
)

# One row for each move of a service or an agreement; the entry's state is its last row's.
state_event = Table(
    "state_event",
    metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("approved_by", Text),
    PrimaryKeyConstraint("id", name="state_event_pkey"),
)

entry = Table(
    "entry",
    metadata,
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("state", Text),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("kind", "code", name="entry_pkey"),
)

head = Table(
    "head",
    metadata,
    Column("singleton", Boolean, nullable=False),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("singleton", name="head_pkey"),
)
