"""Search: a projection of the record, by parts of 2^18 leaf indexes; saved searches; inquiries.

Why: auditors find records by what they say, and the record itself has one index only.  `ix`,
`subject` and `span` follow from the log alone: they are dropped and rebuilt byte for byte.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE SCHEMA search;

-- One row for each leaf of the tree: codes, numbers and pseudonyms, as the leaf has them.
CREATE TABLE search.ix (
  leaf_index bigint NOT NULL CONSTRAINT ix_leaf_index_check CHECK (leaf_index >= 0),
  ts bigint NOT NULL,
  type text NOT NULL,
  entry uuid NOT NULL,
  continues uuid,
  day date NOT NULL,
  writer text NOT NULL,
  seq bigint NOT NULL,
  op text,
  org text,
  client text,
  official text,
  service text,
  dataset text,
  purpose text,
  proc text,
  dossier text,
  law text,
  agreement text,
  consent text,
  policy text,
  decision text,
  match text,
  delivered text,
  status smallint,
  sens smallint,
  n bigint,
  exchange uuid,
  change_kind text,
  change_id text,
  codes text[] NOT NULL,
  fields text[] NOT NULL,
  asked text[] NOT NULL,
  subjects text[] NOT NULL,
  CONSTRAINT ix_pkey PRIMARY KEY (leaf_index)
) PARTITION BY RANGE (leaf_index);
CREATE INDEX ix_type_ix ON search.ix (type);
CREATE INDEX ix_org_ix ON search.ix (org);
CREATE INDEX ix_client_ix ON search.ix (client);
CREATE INDEX ix_official_ix ON search.ix (official) WHERE official IS NOT NULL;
CREATE INDEX ix_service_ix ON search.ix (service);
CREATE INDEX ix_purpose_ix ON search.ix (purpose);
CREATE INDEX ix_proc_ix ON search.ix (proc);
CREATE INDEX ix_dossier_ix ON search.ix (dossier) WHERE dossier IS NOT NULL;
CREATE INDEX ix_law_ix ON search.ix (law);
CREATE INDEX ix_agreement_ix ON search.ix (agreement);
CREATE INDEX ix_consent_ix ON search.ix (consent) WHERE consent IS NOT NULL;
CREATE INDEX ix_match_ix ON search.ix (match) WHERE match <> 'exact';
CREATE INDEX ix_decision_ix ON search.ix (decision) WHERE decision <> 'allow';
CREATE INDEX ix_exchange_ix ON search.ix (exchange) WHERE exchange IS NOT NULL;
CREATE INDEX ix_change_ix ON search.ix (change_id) WHERE change_id IS NOT NULL;
CREATE INDEX ix_codes_ix ON search.ix USING gin (codes);
CREATE INDEX ix_fields_ix ON search.ix USING gin (fields);

-- About whom: a pseudonym of one key epoch, and the leaves that hold it.
CREATE TABLE search.subject (
  p text NOT NULL,
  leaf_index bigint NOT NULL,
  CONSTRAINT subject_pkey PRIMARY KEY (p, leaf_index)
) PARTITION BY RANGE (leaf_index);

-- Which instants each block of 4,096 leaf indexes claims: a window of time becomes one of indexes.
CREATE TABLE search.span (
  block bigint CONSTRAINT span_pkey PRIMARY KEY,
  min_ts bigint NOT NULL,
  max_ts bigint NOT NULL
);

-- How far the follower came; what lies before the floor has left the searchable window.
CREATE TABLE search.cursor (
  one boolean CONSTRAINT cursor_pkey PRIMARY KEY CONSTRAINT cursor_one_check CHECK (one),
  next_index bigint NOT NULL CONSTRAINT cursor_next_index_check CHECK (next_index >= floor),
  floor bigint NOT NULL CONSTRAINT cursor_floor_check CHECK (floor >= 0),
  at timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO search.cursor (one, next_index, floor, at) VALUES (true, 0, 0, now());

-- Nine digits in a row may be a person's number: no text that a person wrote may hold them.
CREATE TABLE search.saved (
  id uuid CONSTRAINT saved_pkey PRIMARY KEY,
  account text NOT NULL,
  name text NOT NULL
    CONSTRAINT saved_name_check CHECK (length(name) BETWEEN 1 AND 100 AND name !~ '[0-9]{9}'),
  query text NOT NULL
    CONSTRAINT saved_query_check CHECK (length(query) BETWEEN 1 AND 1000),
  at timestamptz NOT NULL,
  CONSTRAINT saved_name_key UNIQUE (account, name)
);

-- Why a person was looked for; who and by which number is in the leaf of that id alone.
CREATE TABLE search.inquiry (
  id uuid CONSTRAINT inquiry_pkey PRIMARY KEY,
  account text NOT NULL,
  reason text NOT NULL
    CONSTRAINT inquiry_reason_check
      CHECK (length(reason) BETWEEN 10 AND 500 AND reason !~ '[0-9]{9}'),
  at timestamptz NOT NULL
);
CREATE INDEX inquiry_account_ix ON search.inquiry (account, at);

CREATE FUNCTION search.ensure_part(p_part bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  stem text;
  name text;
BEGIN
  IF p_part IS NULL OR p_part NOT BETWEEN 0 AND 99999999 THEN
    RAISE EXCEPTION 'no part has that number';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('search.ensure_part'));
  FOREACH stem IN ARRAY ARRAY['ix', 'subject'] LOOP
    name := stem || '_' || lpad(p_part::text, 8, '0');
    IF to_regclass('search.' || name) IS NULL THEN
      EXECUTE format('CREATE TABLE search.%I (LIKE search.%I INCLUDING ALL)', name, stem);
      EXECUTE format('ALTER TABLE search.%I ATTACH PARTITION search.%I '
        'FOR VALUES FROM (%L) TO (%L)', stem, name, p_part << 18, (p_part + 1) << 18);
    END IF;
  END LOOP;
  RETURN true;
END $$;

-- What has left the record leaves the projection: whole parts, the rest of one by its rows.
CREATE FUNCTION search.raise_floor(p_floor bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  old record;
BEGIN
  UPDATE search.cursor SET floor = p_floor, next_index = greatest(next_index, p_floor), at = now()
  WHERE p_floor > floor;
  IF NOT FOUND THEN RETURN; END IF;
  FOR old IN
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'search' AND c.relispartition AND c.relkind = 'r'
      AND (substring(c.relname FROM '_([0-9]{8})$')::bigint + 1) << 18 <= p_floor
  LOOP
    EXECUTE format('DROP TABLE search.%I', old.relname);
  END LOOP;
  DELETE FROM search.subject WHERE leaf_index < p_floor;
  DELETE FROM search.ix WHERE leaf_index < p_floor;
  DELETE FROM search.span WHERE block <= p_floor >> 12;
  INSERT INTO search.span (block, min_ts, max_ts)
  SELECT p_floor >> 12, min(ts), max(ts) FROM search.ix
  WHERE leaf_index >= p_floor AND leaf_index < ((p_floor >> 12) + 1) << 12
  HAVING count(*) > 0;
END $$;

-- Everything from that part on is forgotten, to be followed anew from the log.
CREATE FUNCTION search.rewind(p_part bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  old record;
  start bigint;
BEGIN
  SELECT greatest(p_part << 18, floor) INTO STRICT start FROM search.cursor FOR UPDATE;
  FOR old IN
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'search' AND c.relispartition AND c.relkind = 'r'
      AND substring(c.relname FROM '_([0-9]{8})$')::bigint >= p_part
    ORDER BY c.relname
  LOOP
    EXECUTE format('TRUNCATE search.%I', old.relname);
  END LOOP;
  DELETE FROM search.span WHERE block >= start >> 12;
  UPDATE search.cursor SET next_index = start, at = now() WHERE next_index > start;
  RETURN start;
END $$;

REVOKE ALL ON FUNCTION search.ensure_part, search.raise_floor, search.rewind FROM PUBLIC;
GRANT USAGE ON SCHEMA search TO motlan_auditor, motlan_follower, motlan_retention;
GRANT SELECT ON search.ix, search.subject, search.span, search.cursor
  TO motlan_auditor, motlan_follower, motlan_retention;
GRANT INSERT ON search.ix, search.subject, search.span TO motlan_follower;
GRANT UPDATE ON search.span, search.cursor TO motlan_follower;
GRANT EXECUTE ON FUNCTION search.ensure_part, search.rewind TO motlan_follower;
GRANT EXECUTE ON FUNCTION search.raise_floor TO motlan_follower, motlan_retention;
GRANT SELECT, INSERT, DELETE ON search.saved TO motlan_auditor;
GRANT SELECT, INSERT ON search.inquiry TO motlan_auditor;
"""


def upgrade() -> None:
    """Create the projection, empty: the follower fills it from the log."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop it: the log keeps all that it says."""
    op.execute("DROP SCHEMA search CASCADE")
