"""Single use of proofs, and tokens that were taken back.

Why: to be filled.
Locks: none of length, new objects only.
"""

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create nothing yet."""


def downgrade() -> None:
    """Drop nothing yet."""
