"""Accounts, sessions and sign-on attempts.

Why: to be filled.
Locks: none of length, new objects only.
"""

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create nothing yet."""


def downgrade() -> None:
    """Drop nothing yet."""
