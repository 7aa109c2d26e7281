"""Roles and the register of live rights.

Why: every owner's rows change a right through one function, so that the statement that records a
release can judge all of them in one snapshot (promise P3).
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = ("motlan_app", "motlan_append", "motlan_sequencer", "motlan_retention")

UPGRADE = """
CREATE SCHEMA gateway;
CREATE TABLE gateway.live_right (
  key text CONSTRAINT live_right_pkey PRIMARY KEY,
  rev bigint NOT NULL,
  live boolean NOT NULL,
  valid_to timestamptz
);
CREATE FUNCTION gateway.set_right(p_key text, p_rev bigint, p_live boolean, p_valid_to timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO gateway.live_right AS r (key, rev, live, valid_to)
  VALUES (p_key, p_rev, p_live, p_valid_to)
  ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, live = excluded.live,
    valid_to = excluded.valid_to
  WHERE r.rev <= excluded.rev
$$;
REVOKE ALL ON FUNCTION gateway.set_right FROM PUBLIC;
GRANT USAGE ON SCHEMA gateway TO motlan_app, motlan_append, motlan_sequencer, motlan_retention;
GRANT SELECT ON gateway.live_right TO motlan_app, motlan_append, motlan_sequencer;
"""


def upgrade() -> None:
    """Create the four roles when they are missing, then the schema."""
    for role in ROLES:
        op.execute(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
            f"EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        op.execute(f"GRANT {role} TO CURRENT_USER")
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop the schema; roles belong to the cluster and stay."""
    op.execute("DROP SCHEMA gateway CASCADE")
