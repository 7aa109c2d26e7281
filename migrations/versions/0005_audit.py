"""The record: writers, entries by day, details, the probe.

Why: the access record must be durable before data leaves, append-only even for its owner, and
cheap to drop by the day once archived (promise P1).
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE SCHEMA audit;

CREATE TABLE audit.writer (
  writer text CONSTRAINT writer_pkey PRIMARY KEY,
  day date NOT NULL,
  node text NOT NULL,
  started_at timestamptz NOT NULL,
  pubkey bytea,
  closed_seq bigint CONSTRAINT writer_closed_seq_check CHECK (closed_seq >= 0)
);
CREATE INDEX writer_node_ix ON audit.writer (node, started_at);
CREATE INDEX writer_day_ix ON audit.writer (day);

CREATE TABLE audit.entry (
  day date NOT NULL,
  writer text NOT NULL,
  seq bigint NOT NULL CONSTRAINT entry_seq_check CHECK (seq >= 0),
  entry bytea NOT NULL CONSTRAINT entry_entry_check CHECK (length(entry) BETWEEN 1 AND 65535),
  leaf bytea NOT NULL CONSTRAINT entry_leaf_check CHECK (length(leaf) = 32),
  CONSTRAINT entry_pkey PRIMARY KEY (day, writer, seq)
) PARTITION BY RANGE (day);
ALTER TABLE audit.entry ALTER COLUMN entry SET STORAGE EXTERNAL;

CREATE TABLE audit.detail (
  day date NOT NULL,
  writer text NOT NULL,
  seq bigint NOT NULL,
  ct bytea NOT NULL,
  dek_id text NOT NULL,
  CONSTRAINT detail_pkey PRIMARY KEY (day, writer, seq)
) PARTITION BY RANGE (day);

CREATE TABLE audit.probe (
  one boolean CONSTRAINT probe_pkey PRIMARY KEY CONSTRAINT probe_one_check CHECK (one),
  at timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit.probe (one, at) VALUES (true, now());

CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'records are never changed' USING ERRCODE = 'insufficient_privilege',
    HINT = 'A day leaves as a whole, by audit.drop_day, after its archive is verified.';
END $$;
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE ON audit.entry
  FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON audit.entry
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

CREATE FUNCTION audit.close_once() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.closed_seq IS NOT NULL AND NEW.closed_seq IS DISTINCT FROM OLD.closed_seq THEN
    RAISE EXCEPTION 'a writer is closed once' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER writer_close_once BEFORE UPDATE ON audit.writer
  FOR EACH ROW EXECUTE FUNCTION audit.close_once();

-- ATTACH takes a weaker lock than CREATE ... PARTITION OF: writers go on meanwhile.
CREATE FUNCTION audit.ensure_day(p_day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  stem text;
  suffix text := to_char(p_day, 'YYYYMMDD');
BEGIN
  IF to_regclass('audit.entry_' || suffix) IS NOT NULL
    AND to_regclass('audit.detail_' || suffix) IS NOT NULL THEN RETURN false; END IF;
  IF p_day IS NULL OR abs(p_day - current_date) > 31 THEN
    RAISE EXCEPTION 'no partition for %: more than 31 days from today', p_day;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('audit.ensure_day'));
  FOREACH stem IN ARRAY ARRAY['entry', 'detail'] LOOP
    IF to_regclass('audit.' || stem || '_' || suffix) IS NULL THEN
      EXECUTE format('CREATE TABLE audit.%I (LIKE audit.%I INCLUDING ALL)',
        stem || '_' || suffix, stem);
      EXECUTE format('ALTER TABLE audit.%I ATTACH PARTITION audit.%I '
        'FOR VALUES FROM (%L) TO (%L)', stem, stem || '_' || suffix, p_day, p_day + 1);
      IF stem = 'entry' THEN
        EXECUTE format('CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON audit.%I '
          'FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()', stem || '_' || suffix);
      END IF;
    END IF;
  END LOOP;
  RETURN true;
END $$;

-- The floor of 92 days is the three months that stay hot (TCVN 14423:2026 5.8.2.1).
CREATE FUNCTION audit.drop_day(p_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF p_day IS NULL OR p_day > current_date - 92 THEN
    RAISE EXCEPTION 'day % is still within its 92 hot days', p_day;
  END IF;
  EXECUTE format('DROP TABLE audit.%I', 'entry_' || to_char(p_day, 'YYYYMMDD'));
  EXECUTE format('DROP TABLE audit.%I', 'detail_' || to_char(p_day, 'YYYYMMDD'));
END $$;

REVOKE ALL ON FUNCTION audit.ensure_day, audit.drop_day, audit.refuse_change, audit.close_once
  FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO motlan_append, motlan_sequencer, motlan_retention;
GRANT INSERT, SELECT ON audit.writer, audit.entry, audit.detail TO motlan_append;
GRANT UPDATE (closed_seq) ON audit.writer TO motlan_append;
GRANT SELECT ON audit.probe TO motlan_append;
GRANT UPDATE (at) ON audit.probe TO motlan_append;
GRANT EXECUTE ON FUNCTION audit.ensure_day TO motlan_append, motlan_retention;
GRANT SELECT ON audit.writer, audit.entry, audit.detail TO motlan_sequencer, motlan_retention;
GRANT DELETE ON audit.detail TO motlan_retention;
GRANT EXECUTE ON FUNCTION audit.drop_day TO motlan_retention;

SELECT audit.ensure_day(current_date + ahead) FROM generate_series(-1, 2) AS ahead;
"""


def upgrade() -> None:
    """Create the record and the first partitions."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop the record; refused as soon as it holds one entry."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM audit.entry) THEN "
        "RAISE EXCEPTION 'the record is not empty: it is never dropped by a downgrade'; "
        "END IF; END $$"
    )
    op.execute("DROP SCHEMA audit CASCADE")
