"""Role grants, reviews and break-glass.

Why: to be filled.
Locks: none of length, new objects only.
"""

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create nothing yet."""


def downgrade() -> None:
    """Drop nothing yet."""
