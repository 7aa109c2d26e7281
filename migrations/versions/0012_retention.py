"""Retention: archives, exports and streams, and how far they came.

Why: filled by its owner.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UPGRADE = "SELECT 1"
DOWNGRADE = "SELECT 1"


def upgrade() -> None:
    """Create what is new."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop it again."""
    op.execute(DOWNGRADE)
