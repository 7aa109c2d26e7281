"""Two people are two names, whatever blanks stand around them.

Why: nobody publishes or opens alone, also by SQL that was typed in at night (promise P8); until now
"a" and "a " passed for two people where the catalog is written.  Later tables knew already.
Locks: ACCESS EXCLUSIVE on the catalog's versions and events for milliseconds; no row is read: what
is stored stays as it was written.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KINDS = (
    "agency",
    "dataset",
    "element",
    "basis",
    "purpose",
    "rule",
    "service",
    "procedure",
    "agreement",
)
VERSION = """
ALTER TABLE catalog.{kind}_version
  DROP CONSTRAINT {kind}_version_two_people_check,
  ADD CONSTRAINT {kind}_version_two_people_check CHECK ({check}) NOT VALID;
"""
EVENT = """
ALTER TABLE catalog.state_event
  DROP CONSTRAINT state_event_two_people_check,
  ADD CONSTRAINT state_event_two_people_check CHECK (approved_by IS NULL OR ({check})) NOT VALID;
"""
TRIMMED = "btrim({one}) <> '' AND btrim(approved_by) NOT IN ('', btrim({one}))"
AS_WRITTEN = "btrim({one}) <> '' AND btrim(approved_by) <> '' AND approved_by <> {one}"


def upgrade() -> None:
    """Compare names without the blanks around them."""
    _demand(TRIMMED)


def downgrade() -> None:
    """Compare them as they were written."""
    _demand(AS_WRITTEN)


def _demand(check: str) -> None:
    for kind in KINDS:
        op.execute(VERSION.format(kind=kind, check=check.format(one="published_by")))
    op.execute(EVENT.format(check=check.format(one="decided_by")))
