"""Credentials of systems: expiry, addresses of key sets, last use.

Why: to be filled.
Locks: none of length, new objects only.
"""

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create nothing yet."""


def downgrade() -> None:
    """Drop nothing yet."""
