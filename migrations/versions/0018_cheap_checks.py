"""What a record must look like is said by its types, which the server compiles once a session.

Why: a CHECK of a table is read from its text and planned anew by every statement; three of them
cost a commit of one record a quarter of its processor time.  The same limits stand in two domains.
That a number is not negative is left to the fold, which begins at 0 and takes whole prefixes only:
whoever appended another number has appended nothing.
Whom somebody met is held to the length of a pseudonym, which no person's number has: an expression
over its letters took a quarter of what counting a record cost, and the follower judges letters.
Locks: ACCESS EXCLUSIVE on the record and its days, for milliseconds; nothing is read or rewritten:
the domains have no limits yet when the columns take them, and stored rows kept the same ones.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE DOMAIN audit.entry_bytes AS bytea;
CREATE DOMAIN audit.leaf_hash AS bytea;
ALTER TABLE audit.entry
  DROP CONSTRAINT entry_seq_check,
  DROP CONSTRAINT entry_entry_check,
  DROP CONSTRAINT entry_leaf_check;
ALTER TABLE audit.entry
  ALTER COLUMN entry TYPE audit.entry_bytes,
  ALTER COLUMN leaf TYPE audit.leaf_hash;
ALTER TABLE audit.entry ALTER COLUMN entry SET STORAGE EXTERNAL;
ALTER DOMAIN audit.entry_bytes ADD CONSTRAINT entry_bytes_check
  CHECK (length(VALUE) BETWEEN 1 AND 65535) NOT VALID;
ALTER DOMAIN audit.leaf_hash ADD CONSTRAINT leaf_hash_check CHECK (length(VALUE) = 32) NOT VALID;
ALTER TABLE findings.seen
  DROP CONSTRAINT seen_subject_check,
  ADD CONSTRAINT seen_subject_check CHECK (octet_length(subject) = 32) NOT VALID;
"""
DOWNGRADE = """
ALTER TABLE findings.seen
  DROP CONSTRAINT seen_subject_check,
  ADD CONSTRAINT seen_subject_check CHECK (subject ~ '^[a-z2-7]{32}$') NOT VALID;
ALTER TABLE audit.entry ALTER COLUMN entry TYPE bytea, ALTER COLUMN leaf TYPE bytea;
ALTER TABLE audit.entry ALTER COLUMN entry SET STORAGE EXTERNAL;
ALTER TABLE audit.entry
  ADD CONSTRAINT entry_seq_check CHECK (seq >= 0) NOT VALID,
  ADD CONSTRAINT entry_entry_check CHECK (length(entry) BETWEEN 1 AND 65535) NOT VALID,
  ADD CONSTRAINT entry_leaf_check CHECK (length(leaf) = 32) NOT VALID;
DROP DOMAIN audit.entry_bytes, audit.leaf_hash;
"""


def upgrade() -> None:
    """Move the limits of a record from the table to the types of its columns."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Move them back; rows that are there keep them, new ones are checked."""
    op.execute(DOWNGRADE)
