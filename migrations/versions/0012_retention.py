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

# -- exports: what auditors asked to take out, and how far each stream to a SIEM came.
EXPORTS = """
CREATE SCHEMA exports;
CREATE TABLE exports.job (
  id uuid CONSTRAINT job_pkey PRIMARY KEY,
  account text NOT NULL,
  format text NOT NULL CONSTRAINT job_format_check CHECK (format IN ('jsonl', 'xlsx', 'bundle')),
  query text NOT NULL CONSTRAINT job_query_check CHECK (length(query) <= 20000),
  sought bytea NOT NULL,
  state text NOT NULL
    CONSTRAINT job_state_check CHECK (state IN ('queued', 'running', 'done', 'failed', 'gone')),
  leaf text NOT NULL,
  asked_at timestamptz NOT NULL,
  holder text,
  held_until timestamptz,
  tries integer NOT NULL DEFAULT 0,
  tree_size bigint,
  records bigint NOT NULL DEFAULT 0,
  size_bytes bigint,
  sha256 text,
  fault text,
  ended_at timestamptz,
  expires_at timestamptz,
  CONSTRAINT job_done_check CHECK (
    state <> 'done' OR (tree_size IS NOT NULL AND sha256 IS NOT NULL AND expires_at IS NOT NULL))
);
CREATE INDEX job_account_ix ON exports.job (account, asked_at DESC, id DESC);
CREATE INDEX job_open_ix ON exports.job (asked_at) WHERE state IN ('queued', 'running');
CREATE INDEX job_expires_ix ON exports.job (expires_at) WHERE state = 'done';

CREATE TABLE exports.stream (
  name text CONSTRAINT stream_pkey PRIMARY KEY,
  sent bigint NOT NULL DEFAULT 0 CONSTRAINT stream_sent_check CHECK (sent >= settled),
  settled bigint NOT NULL DEFAULT 0 CONSTRAINT stream_settled_check CHECK (settled >= 0),
  holder text NOT NULL,
  held_until timestamptz NOT NULL,
  at timestamptz NOT NULL
);

GRANT USAGE ON SCHEMA exports TO motlan_auditor, motlan_follower;
GRANT SELECT, INSERT, UPDATE ON exports.job TO motlan_auditor;
GRANT SELECT, UPDATE ON exports.job TO motlan_follower;
GRANT SELECT, INSERT, UPDATE ON exports.stream TO motlan_follower;
GRANT SELECT ON exports.stream TO motlan_auditor;
"""
NO_EXPORTS = "DROP SCHEMA exports CASCADE"


def upgrade() -> None:
    """Create what is new."""
    op.execute(UPGRADE)
    op.execute(EXPORTS)


def downgrade() -> None:
    """Drop it again."""
    op.execute(NO_EXPORTS)
    op.execute(DOWNGRADE)
