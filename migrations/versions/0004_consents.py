"""Consent records, their events, and representations; all of them append-only.

Why: the state of a consent is its last event, never an updated column, and a withdrawal must hold
from the commit that brings it (promises P2, P3).  Terms stand in the record, which never changes;
what happens to it stands in events, numbered without gaps and chained by SHA-256.  The database
numbers, chains and judges the moves itself, so that no program can write a wrong history.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PSEUDONYM = "'^[a-z2-7]{32}$'"  # a keyed pseudonym; twelve digits never pass

TABLES = f"""
CREATE SCHEMA consents;

CREATE TABLE consents.notice (
  sha256 text CONSTRAINT notice_pkey PRIMARY KEY,
  language text NOT NULL CONSTRAINT notice_language_known CHECK (language IN ('vi', 'en')),
  body text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT notice_sha256_is_of_body
    CHECK (sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex'))
);

CREATE TABLE consents.record (
  id text CONSTRAINT record_pkey PRIMARY KEY,
  principal_ref text NOT NULL
    CONSTRAINT record_principal_is_pseudonym CHECK (principal_ref ~ {PSEUDONYM}),
  recipient text NOT NULL,
  purpose text NOT NULL,
  service text NOT NULL,
  elements text[] NOT NULL CONSTRAINT record_elements_are_codes CHECK (
    array_position(elements, NULL) IS NULL
    AND array_to_string(elements, ',') ~ '^[a-z][a-z0-9_]*(,[a-z][a-z0-9_]*)*$'),
  told_sensitive text[] NOT NULL
    CONSTRAINT record_sensitive_among_elements CHECK (told_sensitive <@ elements),
  valid_from timestamptz NOT NULL,
  calls_per_day integer CONSTRAINT record_frequency_positive CHECK (calls_per_day > 0),
  data_life_days integer NOT NULL CONSTRAINT record_data_life_bounded
    CHECK (data_life_days BETWEEN 0 AND 36500),
  notice_sha256 text NOT NULL
    CONSTRAINT record_notice_fkey REFERENCES consents.notice (sha256),
  schema_version text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  digest bytea NOT NULL CONSTRAINT record_digest_sha256 CHECK (octet_length(digest) = 32)
);
CREATE INDEX record_lookup ON consents.record (principal_ref, recipient, purpose, service);

CREATE TABLE consents.representation (
  id text CONSTRAINT representation_pkey PRIMARY KEY,
  principal_ref text NOT NULL
    CONSTRAINT representation_principal_is_pseudonym CHECK (principal_ref ~ {PSEUDONYM}),
  representative_ref text NOT NULL
    CONSTRAINT representation_actor_is_pseudonym CHECK (representative_ref ~ {PSEUDONYM}),
  relation text NOT NULL
    CONSTRAINT representation_relation_known CHECK (relation IN ('parent', 'guardian')),
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT representation_by_another CHECK (principal_ref <> representative_ref)
);

CREATE TABLE consents.representation_check (
  representation_id text NOT NULL CONSTRAINT representation_check_of_fkey
    REFERENCES consents.representation (id),
  rev bigint NOT NULL,
  live boolean NOT NULL,
  valid_to timestamptz NOT NULL,
  child_assent boolean NOT NULL,
  source text NOT NULL
    CONSTRAINT representation_check_source_has_no_number CHECK (source !~ '[0-9]{{9,}}'),
  checked_at timestamptz NOT NULL,
  CONSTRAINT representation_check_pkey PRIMARY KEY (representation_id, rev)
);

CREATE TABLE consents.event (
  record_id text NOT NULL CONSTRAINT event_record_fkey REFERENCES consents.record (id),
  seq bigint NOT NULL,
  state text NOT NULL CONSTRAINT event_state_known CHECK (state IN (
    'requested', 'deferred', 'refused', 'given', 'renewed',
    'expired', 'withdrawn', 'revoked', 'invalidated')),
  at timestamptz NOT NULL,
  valid_to timestamptz NOT NULL,
  entity_ref text NOT NULL,
  entity_role text NOT NULL CONSTRAINT event_role_known
    CHECK (entity_role IN ('subject', 'parent', 'guardian', 'authority', 'system')),
  representation_id text CONSTRAINT event_representation_fkey
    REFERENCES consents.representation (id),
  method text NOT NULL,
  acr text,
  evidence_sha256 text CONSTRAINT event_evidence_is_sha256
    CHECK (evidence_sha256 ~ '^[0-9a-f]{{64}}$'),
  reason text,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT event_pkey PRIMARY KEY (record_id, seq),
  CONSTRAINT event_entity_is_pseudonym_or_code
    CHECK (entity_ref ~ {PSEUDONYM} OR entity_role IN ('authority', 'system')),
  CONSTRAINT event_text_has_no_number CHECK (
    concat_ws(' ', entity_ref, method, acr, reason) !~ '[0-9]{{9,}}'
    OR (entity_ref ~ {PSEUDONYM} AND concat_ws(' ', method, acr, reason) !~ '[0-9]{{9,}}')),
  CONSTRAINT event_representative_named
    CHECK ((entity_role IN ('parent', 'guardian')) = (representation_id IS NOT NULL))
);
CREATE INDEX event_by_representation ON consents.event (representation_id)
  WHERE representation_id IS NOT NULL;
"""

# Canonical text: each part as its length in bytes, a colon, the part; NULL is "-".  Netstrings
# leave no two values with one text, whatever the parts hold (gateway/consents/records.py).
HASHES = """
CREATE FUNCTION consents.canonical(VARIADIC parts text[]) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT convert_to(string_agg(
    CASE WHEN part IS NULL THEN '-'
         ELSE octet_length(convert_to(part, 'UTF8')) || ':' || part END,
    ',' ORDER BY place), 'UTF8')
  FROM unnest(parts) WITH ORDINALITY AS listed (part, place)
$$;

CREATE FUNCTION consents.instant(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE FUNCTION consents.seal_record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  NEW.digest := sha256(consents.canonical(
    NEW.id, NEW.principal_ref, NEW.recipient, NEW.purpose, NEW.service,
    array_to_string(NEW.elements, ','), array_to_string(NEW.told_sensitive, ','),
    consents.instant(NEW.valid_from), NEW.calls_per_day::text, NEW.data_life_days::text,
    NEW.notice_sha256, NEW.schema_version));
  RETURN NEW;
END $$;

CREATE FUNCTION consents.may_move(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT CASE
    WHEN before IS NULL THEN after IN ('requested', 'given', 'refused')
    WHEN before = 'requested' THEN after IN ('given', 'refused', 'deferred')
    WHEN before = 'deferred' THEN after IN ('given', 'refused')
    WHEN before IN ('given', 'renewed')
      THEN after IN ('renewed', 'expired', 'withdrawn', 'revoked', 'invalidated')
    ELSE false END
$$;
"""

TRIGGERS = """
CREATE FUNCTION consents.chain_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  root bytea;
  starts timestamptz;
  last consents.event;
  ends timestamptz;
BEGIN
  -- The representation before the record, here and in end_what_rested_on, so that no two wait for
  -- each other; a check that ends it waits until this grant can be seen.
  PERFORM 1 FROM consents.representation p WHERE p.id = NEW.representation_id FOR SHARE;
  SELECT r.digest, r.valid_from INTO root, starts
    FROM consents.record r WHERE r.id = NEW.record_id FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such consent record' USING ERRCODE = 'foreign_key_violation',
      CONSTRAINT = 'event_record_fkey';
  END IF;
  SELECT e.* INTO last FROM consents.event e
    WHERE e.record_id = NEW.record_id ORDER BY e.seq DESC LIMIT 1;
  IF NEW.seq <> coalesce(last.seq, 0) + 1 THEN
    RAISE EXCEPTION 'events of a consent are numbered without gaps'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'event_seq_contiguous';
  END IF;
  IF NOT consents.may_move(last.state, NEW.state) THEN
    RAISE EXCEPTION 'this state may not follow the one before'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'event_move_allowed';
  END IF;
  IF NEW.state IN ('given', 'renewed') AND NEW.valid_to <= starts THEN
    RAISE EXCEPTION 'a consent ends after it starts'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'event_validity_ordered';
  END IF;
  IF NEW.state IN ('given', 'renewed') AND NEW.representation_id IS NOT NULL THEN
    SELECT c.valid_to INTO ends
      FROM consents.representation_check c
      JOIN consents.representation p ON p.id = c.representation_id
      JOIN consents.record r ON r.id = NEW.record_id AND r.principal_ref = p.principal_ref
      WHERE c.representation_id = NEW.representation_id
        AND p.representative_ref = NEW.entity_ref AND p.relation = NEW.entity_role
        AND c.rev = (SELECT max(l.rev) FROM consents.representation_check l
                     WHERE l.representation_id = NEW.representation_id)
        AND c.live AND c.valid_to > NEW.at;
    IF NOT FOUND OR NEW.valid_to > ends THEN
      RAISE EXCEPTION 'a representative grants for as long as the representation lives'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'event_representation_live';
    END IF;
  END IF;
  NEW.prev_hash := coalesce(last.hash, root);
  NEW.hash := sha256(NEW.prev_hash || consents.canonical(
    NEW.record_id, NEW.seq::text, NEW.state, consents.instant(NEW.at),
    consents.instant(NEW.valid_to), NEW.entity_ref, NEW.entity_role, NEW.representation_id,
    NEW.method, NEW.acr, NEW.evidence_sha256, NEW.reason));
  RETURN NEW;
END $$;

CREATE FUNCTION consents.event_sets_right() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM gateway.set_right('consent:' || NEW.record_id, NEW.seq,
    NEW.state IN ('given', 'renewed'), NEW.valid_to);
  RETURN NULL;
END $$;

CREATE FUNCTION consents.number_check() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  before bigint;
BEGIN
  PERFORM 1 FROM consents.representation p WHERE p.id = NEW.representation_id FOR UPDATE;
  SELECT max(c.rev) INTO before FROM consents.representation_check c
    WHERE c.representation_id = NEW.representation_id;
  NEW.rev := coalesce(before, 0) + 1;
  RETURN NEW;
END $$;

CREATE FUNCTION consents.check_sets_right() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM gateway.set_right('representation:' || NEW.representation_id, NEW.rev, NEW.live,
    NEW.valid_to);
  RETURN NULL;
END $$;

CREATE FUNCTION consents.end_what_rested_on() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  rested text;
  last consents.event;
BEGIN
  FOR rested IN SELECT DISTINCT e.record_id FROM consents.event e
    WHERE e.representation_id = NEW.representation_id ORDER BY e.record_id
  LOOP
    PERFORM 1 FROM consents.record r WHERE r.id = rested FOR UPDATE;
    SELECT e.* INTO last FROM consents.event e
      WHERE e.record_id = rested ORDER BY e.seq DESC LIMIT 1;
    IF last.state IN ('given', 'renewed') AND last.representation_id = NEW.representation_id THEN
      INSERT INTO consents.event
        (record_id, seq, state, at, valid_to, entity_ref, entity_role, method, reason)
      VALUES (rested, last.seq + 1, 'invalidated', NEW.checked_at, last.valid_to,
        'representation', 'system', 'check', 'representation_ended');
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

CREATE FUNCTION consents.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'consent history is append-only'
    USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'consents_append_only';
END $$;

CREATE TRIGGER record_sealed BEFORE INSERT ON consents.record
  FOR EACH ROW EXECUTE FUNCTION consents.seal_record();
CREATE TRIGGER event_chained BEFORE INSERT ON consents.event
  FOR EACH ROW EXECUTE FUNCTION consents.chain_event();
CREATE TRIGGER event_right AFTER INSERT ON consents.event
  FOR EACH ROW EXECUTE FUNCTION consents.event_sets_right();
CREATE TRIGGER check_numbered BEFORE INSERT ON consents.representation_check
  FOR EACH ROW EXECUTE FUNCTION consents.number_check();
CREATE TRIGGER check_right AFTER INSERT ON consents.representation_check
  FOR EACH ROW EXECUTE FUNCTION consents.check_sets_right();
CREATE TRIGGER check_ends_consents AFTER INSERT ON consents.representation_check
  FOR EACH ROW WHEN (NOT NEW.live) EXECUTE FUNCTION consents.end_what_rested_on();
"""

APPEND_ONLY = ("notice", "record", "event", "representation", "representation_check")

GRANTS = """
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA consents FROM PUBLIC;
GRANT USAGE ON SCHEMA consents TO motlan_app;
GRANT SELECT, INSERT ON consents.notice, consents.record, consents.event,
  consents.representation, consents.representation_check TO motlan_app;
"""


def upgrade() -> None:
    """Create the schema, its rules and what the application may do in it."""
    op.execute(TABLES)
    op.execute(HASHES)
    op.execute(TRIGGERS)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON consents.{table} FOR EACH STATEMENT EXECUTE FUNCTION consents.refuse_change()"
        )
    op.execute(GRANTS)


def downgrade() -> None:
    """Drop the schema, and with it every consent right, so that none outlives its record."""
    op.execute("DROP SCHEMA consents CASCADE")
    op.execute(
        "DELETE FROM gateway.live_right WHERE key LIKE 'consent:%' OR key LIKE 'representation:%'"
    )
