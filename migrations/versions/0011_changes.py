"""Changes: every act of an administrator is owed a leaf, from the commit that makes it.

Why: catalog, agreements, registrations and consents change by commands, by the gateway and, in an
emergency, by hand in SQL; a trigger owes the leaf in the same transaction, so none can be left out.
Keys and settings live in files: what a node sees of them is compared with what it saw before.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

VERSIONS = (
    "agency",
    "dataset",
    "element",
    "basis",
    "purpose",
    "rule",
    "service",
    "procedure",
    "agreement",
)

TABLES = """
CREATE TABLE audit.change_due (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT change_due_pkey PRIMARY KEY,
  leaf_id uuid NOT NULL CONSTRAINT change_due_leaf_id_key UNIQUE,
  salt bytea NOT NULL CONSTRAINT change_due_salt_check CHECK (length(salt) = 16),
  at timestamptz NOT NULL,
  event text NOT NULL,
  kind text NOT NULL,
  code text NOT NULL,
  rev bigint,
  before bytea CONSTRAINT change_due_before_check CHECK (length(before) = 32),
  after bytea CONSTRAINT change_due_after_check CHECK (length(after) = 32),
  by text,
  by_is text NOT NULL
    CONSTRAINT change_due_by_is_check CHECK (by_is IN ('staff', 'person', 'code')),
  approved_by text,
  via text NOT NULL,
  service text,
  elements text[],
  subjects text[],
  claimed_at timestamptz,
  claimed_writer text,
  done_at timestamptz
);
CREATE INDEX change_due_open_ix ON audit.change_due (id) WHERE done_at IS NULL;
CREATE INDEX change_due_done_ix ON audit.change_due (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE audit.change_lease (
  one boolean CONSTRAINT change_lease_pkey PRIMARY KEY
    CONSTRAINT change_lease_one_check CHECK (one),
  holder text NOT NULL,
  term bigint NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit.change_lease (one, holder, term, until) VALUES (true, '', 0, '-infinity');

CREATE TABLE audit.observed (
  kind text NOT NULL,
  code text NOT NULL,
  digest bytea NOT NULL CONSTRAINT observed_digest_check CHECK (length(digest) = 32),
  at timestamptz NOT NULL,
  CONSTRAINT observed_pkey PRIMARY KEY (kind, code)
);
"""

OWING = """
-- Each part as its length in bytes, a colon, the part; NULL is "-": no two lists have one digest.
CREATE FUNCTION audit.digest_of(VARIADIC parts text[]) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT sha256(convert_to(string_agg(
    CASE WHEN part IS NULL THEN '-'
         ELSE octet_length(convert_to(part, 'UTF8')) || ':' || part END,
    ',' ORDER BY place), 'UTF8'))
  FROM unnest(parts) WITH ORDINALITY AS listed (part, place)
$$;

-- What program the session says it is, as a code; anything that could hide a number is "sql".
CREATE FUNCTION audit.via() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT CASE WHEN said = '' OR said ~ '[0-9]{9}' THEN 'sql' ELSE said END
  FROM (SELECT left(btrim(regexp_replace(
    lower(coalesce(current_setting('application_name', true), '')),
    '[^a-z0-9._-]+', ':', 'g'), ':'), 60) AS said) AS session
$$;

-- The leaf's id (UUIDv7) and salt are drawn here, so that writing it twice would be seen.
CREATE FUNCTION audit.mark_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  NEW.at := clock_timestamp();
  NEW.leaf_id := encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    PLACING substring(int8send((extract(epoch FROM NEW.at) * 1000)::bigint) FROM 3)
    FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;
  NEW.salt := substring(sha256(
    uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) FROM 1 FOR 16);
  NEW.via := audit.via();
  NEW.claimed_at := NULL;
  NEW.claimed_writer := NULL;
  NEW.done_at := NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER change_due_mark BEFORE INSERT ON audit.change_due
  FOR EACH ROW EXECUTE FUNCTION audit.mark_due();

CREATE FUNCTION audit.keep_due() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.done_at IS NOT NULL THEN RETURN OLD; END IF;
  IF TG_OP = 'UPDATE' AND OLD.done_at IS NULL THEN
    OLD.claimed_at := NEW.claimed_at;
    OLD.claimed_writer := NEW.claimed_writer;
    OLD.done_at := NEW.done_at;
    IF OLD IS NOT DISTINCT FROM NEW THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'what is owed to the record is not taken back'
    USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER change_due_keep BEFORE UPDATE OR DELETE ON audit.change_due
  FOR EACH ROW EXECUTE FUNCTION audit.keep_due();
CREATE TRIGGER change_due_no_truncate BEFORE TRUNCATE ON audit.change_due
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- A new holder raises the right's revision: no statement of the holder before it stores any more.
CREATE FUNCTION audit.take_changes(p_holder text, p_seconds integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE held audit.change_lease;
BEGIN
  SELECT * INTO held FROM audit.change_lease FOR UPDATE;
  IF held.holder <> p_holder THEN
    IF held.until > clock_timestamp() THEN RETURN NULL; END IF;
    held.term := held.term + 1;
    PERFORM gateway.set_right('changes:drain', held.term, true, NULL);
  END IF;
  UPDATE audit.change_lease SET holder = p_holder, term = held.term,
    until = clock_timestamp() + make_interval(secs => p_seconds);
  RETURN held.term;
END $$;

CREATE FUNCTION audit.owe(
  p_event text, p_kind text, p_code text, p_before bytea, p_after bytea, p_by text
) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO audit.change_due (event, kind, code, before, after, by, by_is)
  VALUES (p_event, p_kind, p_code, p_before, p_after, p_by, 'staff')
$$;

-- What lives in files: owed when it differs from what was seen last; a NULL digest: it is gone.
CREATE FUNCTION audit.observe(
  p_event text, p_kind text, p_code text, p_after bytea, p_by text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE seen bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('audit.observe'), hashtext(p_kind || ':' || p_code));
  SELECT digest INTO seen FROM audit.observed WHERE kind = p_kind AND code = p_code;
  IF seen IS NOT DISTINCT FROM p_after THEN RETURN false; END IF;
  IF p_after IS NULL THEN
    DELETE FROM audit.observed WHERE kind = p_kind AND code = p_code;
  ELSE
    INSERT INTO audit.observed (kind, code, digest, at)
    VALUES (p_kind, p_code, p_after, clock_timestamp())
    ON CONFLICT (kind, code) DO UPDATE SET digest = excluded.digest, at = excluded.at;
  END IF;
  PERFORM audit.owe(p_event, p_kind, p_code, seen, p_after, p_by);
  RETURN true;
END $$;
"""

CATALOG = """
CREATE FUNCTION audit.owe_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  kind text := TG_ARGV[0];
  earlier text;
BEGIN
  EXECUTE format('SELECT digest FROM catalog.%I WHERE code = $1 AND rev = $2', TG_TABLE_NAME)
    INTO earlier USING NEW.code, NEW.rev - 1;
  INSERT INTO audit.change_due (event, kind, code, rev, before, after, by, by_is, approved_by)
  VALUES (
    CASE kind
      WHEN 'agreement' THEN
        CASE WHEN NEW.rev = 1 THEN 'agreement.sign' ELSE 'agreement.amend' END
      WHEN 'rule' THEN 'policy.publish'
      ELSE 'catalog.publish' END,
    CASE kind WHEN 'rule' THEN 'policy' ELSE kind END,
    NEW.code, NEW.rev, decode(earlier, 'hex'), decode(NEW.digest, 'hex'),
    NEW.published_by, 'staff', NEW.approved_by);
  RETURN NULL;
END $$;

CREATE FUNCTION audit.owe_state() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  earlier text;
  version bigint;
BEGIN
  SELECT e.state INTO earlier FROM catalog.state_event e
    WHERE e.kind = NEW.kind AND e.code = NEW.code AND e.id < NEW.id ORDER BY e.id DESC LIMIT 1;
  SELECT e.rev INTO version FROM catalog.entry e WHERE e.kind = NEW.kind AND e.code = NEW.code;
  earlier := coalesce(earlier, CASE NEW.kind WHEN 'service' THEN 'published' ELSE 'active' END);
  INSERT INTO audit.change_due (event, kind, code, rev, before, after, by, by_is, approved_by)
  VALUES (
    CASE NEW.state
      WHEN 'published' THEN 'catalog.enable'
      WHEN 'deprecated' THEN 'catalog.deprecate'
      WHEN 'disabled' THEN 'catalog.disable'
      WHEN 'retired' THEN 'catalog.retire'
      WHEN 'active' THEN 'agreement.resume'
      WHEN 'suspended' THEN 'agreement.suspend'
      ELSE 'agreement.terminate' END,
    NEW.kind, NEW.code, version,
    audit.digest_of(NEW.kind, NEW.code, earlier),
    audit.digest_of(NEW.kind, NEW.code, NEW.state),
    NEW.decided_by, 'staff', NEW.approved_by);
  RETURN NULL;
END $$;
CREATE TRIGGER state_event_owed AFTER INSERT ON catalog.state_event
  FOR EACH ROW EXECUTE FUNCTION audit.owe_state();
"""

SYSTEMS = """
CREATE FUNCTION audit.digest_of_system(s auth.system) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT audit.digest_of(s.client_id, s.version::text, s.rev::text, s.state, s.agency, s.name_vi,
    s.name_en, s.jwks::text, s.sandbox::text, array_to_string(s.address_ranges, ','))
$$;

CREATE FUNCTION audit.owe_system() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE earlier auth.system;
BEGIN
  SELECT * INTO earlier FROM auth.system s
    WHERE s.client_id = NEW.client_id AND s.version = NEW.version - 1;
  INSERT INTO audit.change_due (event, kind, code, rev, before, after, by, by_is)
  VALUES (
    CASE NEW.act
      WHEN 'registered' THEN 'system.register'
      WHEN 'keys_rotated' THEN 'key.rotate'
      WHEN 'keys_revoked' THEN 'key.revoke'
      WHEN 'suspended' THEN 'system.suspend'
      WHEN 'resumed' THEN 'system.resume'
      WHEN 'blocked' THEN 'system.block'
      ELSE 'system.amend' END,
    'system', NEW.client_id, NEW.version,
    CASE WHEN earlier.client_id IS NULL THEN NULL ELSE audit.digest_of_system(earlier) END,
    audit.digest_of_system(NEW), NEW."by", 'staff');  -- BY is a word of the language
  RETURN NULL;
END $$;
CREATE TRIGGER system_owed AFTER INSERT ON auth.system
  FOR EACH ROW EXECUTE FUNCTION audit.owe_system();
"""

CONSENTS = """
CREATE FUNCTION audit.owe_consent() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE terms consents.record;
BEGIN
  SELECT * INTO terms FROM consents.record r WHERE r.id = NEW.record_id;
  INSERT INTO audit.change_due (event, kind, code, rev, before, after, by, by_is,
    service, elements, subjects)
  VALUES (
    CASE NEW.state
      WHEN 'requested' THEN 'consent.ask'
      WHEN 'deferred' THEN 'consent.defer'
      WHEN 'refused' THEN 'consent.refuse'
      WHEN 'given' THEN 'consent.grant'
      WHEN 'renewed' THEN 'consent.renew'
      WHEN 'expired' THEN 'consent.expire'
      WHEN 'withdrawn' THEN 'consent.withdraw'
      WHEN 'revoked' THEN 'consent.revoke'
      ELSE 'consent.invalidate' END,
    'consent', NEW.record_id, NEW.seq, NEW.prev_hash, NEW.hash, NEW.entity_ref,
    CASE WHEN NEW.entity_role IN ('authority', 'system') THEN 'code' ELSE 'person' END,
    terms.service, terms.elements, ARRAY[terms.principal_ref]);
  RETURN NULL;
END $$;
CREATE TRIGGER event_owed AFTER INSERT ON consents.event
  FOR EACH ROW EXECUTE FUNCTION audit.owe_consent();

CREATE FUNCTION audit.owe_representation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO audit.change_due (event, kind, code, after, by_is, subjects)
  VALUES ('representation.record', 'representation', NEW.id,
    audit.digest_of(NEW.id, NEW.principal_ref, NEW.representative_ref, NEW.relation),
    'code', ARRAY[NEW.principal_ref, NEW.representative_ref]);
  RETURN NULL;
END $$;
CREATE TRIGGER representation_owed AFTER INSERT ON consents.representation
  FOR EACH ROW EXECUTE FUNCTION audit.owe_representation();

CREATE FUNCTION audit.digest_of_check(c consents.representation_check) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT audit.digest_of(c.representation_id, c.rev::text, c.live::text,
    extract(epoch FROM c.valid_to)::text, c.child_assent::text, c.source)
$$;

CREATE FUNCTION audit.owe_check() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  named consents.representation;
  earlier consents.representation_check;
BEGIN
  SELECT * INTO named FROM consents.representation p WHERE p.id = NEW.representation_id;
  SELECT * INTO earlier FROM consents.representation_check c
    WHERE c.representation_id = NEW.representation_id AND c.rev = NEW.rev - 1;
  INSERT INTO audit.change_due (event, kind, code, rev, before, after, by, by_is, subjects)
  VALUES (
    CASE WHEN NEW.live THEN 'representation.confirm' ELSE 'representation.end' END,
    'representation', NEW.representation_id, NEW.rev,
    CASE WHEN earlier.representation_id IS NULL THEN NULL
         ELSE audit.digest_of_check(earlier) END,
    audit.digest_of_check(NEW), NEW.source, 'code',
    ARRAY[named.principal_ref, named.representative_ref]);
  RETURN NULL;
END $$;
CREATE TRIGGER check_owed AFTER INSERT ON consents.representation_check
  FOR EACH ROW EXECUTE FUNCTION audit.owe_check();

CREATE FUNCTION audit.owe_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO audit.change_due (event, kind, code, after, by_is)
  VALUES ('notice.publish', 'notice', 'notice-' || NEW.language, decode(NEW.sha256, 'hex'), 'code');
  RETURN NULL;
END $$;
CREATE TRIGGER notice_owed AFTER INSERT ON consents.notice
  FOR EACH ROW EXECUTE FUNCTION audit.owe_notice();
"""

GRANTS = """
REVOKE ALL ON FUNCTION audit.digest_of, audit.via, audit.mark_due, audit.keep_due,
  audit.take_changes, audit.owe, audit.observe, audit.owe_version, audit.owe_state,
  audit.digest_of_system, audit.owe_system, audit.owe_consent, audit.owe_representation,
  audit.digest_of_check, audit.owe_check, audit.owe_notice FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.take_changes TO motlan_follower;
GRANT EXECUTE ON FUNCTION audit.observe, audit.owe TO motlan_follower, motlan_app;
GRANT SELECT ON audit.change_due, audit.observed TO motlan_follower, motlan_app;
GRANT UPDATE (claimed_at, claimed_writer, done_at) ON audit.change_due TO motlan_follower;
GRANT DELETE ON audit.change_due TO motlan_retention;
GRANT SELECT ON audit.change_due TO motlan_retention;
"""

DOWNGRADE = """
DO $$ BEGIN IF EXISTS (SELECT FROM audit.change_due WHERE done_at IS NULL)
  AND EXISTS (SELECT FROM audit.entry) THEN
  RAISE EXCEPTION 'changes are still owed to the record: let the keeper write them first';
END IF; END $$;
DROP TRIGGER notice_owed ON consents.notice;
DROP TRIGGER check_owed ON consents.representation_check;
DROP TRIGGER representation_owed ON consents.representation;
DROP TRIGGER event_owed ON consents.event;
DROP TRIGGER system_owed ON auth.system;
DROP TRIGGER state_event_owed ON catalog.state_event;
"""

DROPS = """
DROP TABLE audit.observed, audit.change_lease, audit.change_due;
DROP FUNCTION audit.owe_notice, audit.owe_check, audit.digest_of_check, audit.owe_representation,
  audit.owe_consent, audit.owe_system, audit.digest_of_system, audit.owe_state, audit.owe_version,
  audit.observe, audit.owe, audit.take_changes, audit.keep_due, audit.mark_due, audit.via,
  audit.digest_of;
DELETE FROM gateway.live_right WHERE key = 'changes:drain';
"""


def upgrade() -> None:
    """Create the outbox, and a trigger on every table whose rows are acts."""
    for script in (TABLES, OWING, CATALOG, SYSTEMS, CONSENTS):
        op.execute(script)
    for kind in VERSIONS:
        op.execute(
            f"CREATE TRIGGER {kind}_version_owed AFTER INSERT ON catalog.{kind}_version "
            f"FOR EACH ROW EXECUTE FUNCTION audit.owe_version('{kind}')"
        )
    op.execute(GRANTS)


def downgrade() -> None:
    """Drop the outbox; refused while something is owed to a record that has begun."""
    op.execute(DOWNGRADE)
    for kind in VERSIONS:
        op.execute(f"DROP TRIGGER {kind}_version_owed ON catalog.{kind}_version")
    op.execute(DROPS)
