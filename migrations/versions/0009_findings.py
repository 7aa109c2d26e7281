"""Findings: what the rules noticed, and what people made of it.

Why: filled by its owner.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
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
