"""What followers of the tree write costs less: room beside rows that change, one key for two uses.

Why: a counter changes with every portion of the log; in a full page each change wrote its index
anew, and the way to the newest version grew until somebody swept.  With room in the page a change
stays in its page and sweeps as it goes.  Whom somebody met is looked for by the day and the person
first, where two words decide and not five; days that are over stand together there, so that the
index by day has nothing left to do.  What is counted under one mark again and again has its own.
Locks: ACCESS EXCLUSIVE on `findings.seen` while its key is built anew, seconds for ten million
rows; nobody but the follower asks there, and it waits.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE findings.tally SET (fillfactor = 50);
ALTER TABLE findings.due SET (fillfactor = 50);
ALTER TABLE findings.seen
  DROP CONSTRAINT seen_pkey,
  ADD CONSTRAINT seen_pkey PRIMARY KEY (day, subject, actor, mark, scope);
CREATE INDEX seen_bare_ix ON findings.seen (scope, actor, day) WHERE mark = 'bare_persons';
DROP INDEX findings.seen_day_ix;
"""
DOWNGRADE = """
CREATE INDEX seen_day_ix ON findings.seen (day);
DROP INDEX findings.seen_bare_ix;
ALTER TABLE findings.seen
  DROP CONSTRAINT seen_pkey,
  ADD CONSTRAINT seen_pkey PRIMARY KEY (scope, actor, mark, day, subject);
ALTER TABLE findings.due RESET (fillfactor);
ALTER TABLE findings.tally RESET (fillfactor);
"""


def upgrade() -> None:
    """Leave room beside counters, and look for people by day and person."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Fill pages again, and look by who met them."""
    op.execute(DOWNGRADE)
