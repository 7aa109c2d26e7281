"""Retention: archives, exports and streams, and how far they came.

Why: a day leaves the database as a whole, after its archive was read back and led to the root of
the tree; what was archived, and when it left, is a row.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE audit.archive (
  day date CONSTRAINT archive_pkey PRIMARY KEY,
  first_index bigint NOT NULL CONSTRAINT archive_first_index_check CHECK (first_index % 256 = 0),
  end_index bigint NOT NULL CONSTRAINT archive_end_index_check
    CHECK (end_index % 256 = 0 AND end_index >= first_index),
  root bytea NOT NULL CONSTRAINT archive_root_check CHECK (length(root) = 32),
  records bigint NOT NULL CONSTRAINT archive_records_check CHECK (records >= 0),
  manifest bytea NOT NULL CONSTRAINT archive_manifest_check CHECK (length(manifest) = 32),
  verified_at timestamptz NOT NULL,
  dropped_at timestamptz
);
CREATE INDEX archive_held_ix ON audit.archive (day) WHERE dropped_at IS NULL;

CREATE FUNCTION audit.follow_archive() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE before audit.archive;
BEGIN
  IF NEW.dropped_at IS NOT NULL THEN
    RAISE EXCEPTION 'a day is archived before it leaves' USING ERRCODE = 'check_violation';
  END IF;
  SELECT * INTO before FROM audit.archive ORDER BY day DESC LIMIT 1;
  IF FOUND AND (NEW.day <= before.day OR NEW.first_index <> before.end_index) THEN
    RAISE EXCEPTION 'an archive begins where the one before ended'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'archive_follows';
  END IF;
  IF NOT FOUND AND NEW.first_index <> 0 THEN
    RAISE EXCEPTION 'the first archive begins with the first record'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'archive_follows';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER archive_follow BEFORE INSERT ON audit.archive
  FOR EACH ROW EXECUTE FUNCTION audit.follow_archive();

-- Dropping a partition locks its parent for a moment: who cannot get that lock at once gives way,
-- so that writers never queue behind it.
CREATE OR REPLACE FUNCTION audit.drop_day(p_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '200ms' AS $$
DECLARE
  suffix text := to_char(p_day, 'YYYYMMDD');
  held bigint;
BEGIN
  IF p_day IS NULL OR p_day > current_date - 92 THEN
    RAISE EXCEPTION 'day % is still within its 92 hot days', p_day;
  END IF;
  EXECUTE format('SELECT count(*) FROM audit.%I', 'entry_' || suffix) INTO held;
  IF held > 0 AND NOT EXISTS (
    SELECT FROM audit.archive WHERE day = p_day AND records = held AND dropped_at IS NULL) THEN
    RAISE EXCEPTION 'day % has no verified archive of its % records', p_day, held
      USING ERRCODE = 'check_violation', CONSTRAINT = 'archive_before_drop';
  END IF;
  EXECUTE format('DROP TABLE audit.%I', 'entry_' || suffix);
  EXECUTE format('DROP TABLE audit.%I', 'detail_' || suffix);
  UPDATE audit.archive SET dropped_at = clock_timestamp()
    WHERE day = p_day AND dropped_at IS NULL;
END $$;

REVOKE ALL ON FUNCTION audit.follow_archive FROM PUBLIC;
GRANT SELECT, INSERT ON audit.archive TO motlan_retention;
GRANT SELECT ON audit.archive TO motlan_app, motlan_auditor, motlan_follower;
GRANT EXECUTE ON FUNCTION audit.observe TO motlan_retention;
"""
DOWNGRADE = """
DO $$ BEGIN IF EXISTS (SELECT FROM audit.archive WHERE dropped_at IS NOT NULL) THEN
  RAISE EXCEPTION 'days have left the database: where they went is never dropped by a downgrade';
END IF; END $$;
CREATE OR REPLACE FUNCTION audit.drop_day(p_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF p_day IS NULL OR p_day > current_date - 92 THEN
    RAISE EXCEPTION 'day % is still within its 92 hot days', p_day;
  END IF;
  EXECUTE format('DROP TABLE audit.%I', 'entry_' || to_char(p_day, 'YYYYMMDD'));
  EXECUTE format('DROP TABLE audit.%I', 'detail_' || to_char(p_day, 'YYYYMMDD'));
END $$;
REVOKE EXECUTE ON FUNCTION audit.observe FROM motlan_retention;
DROP TABLE audit.archive;
DROP FUNCTION audit.follow_archive;
"""

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
