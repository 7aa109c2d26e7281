"""Credentials of systems: addresses of key sets, certificates, and the hour when each ends.

Why: a key that an agency publishes itself, a certificate, and a credential with an end are parts of
the registration, so they stand in its rows and in the digests of its leaves.  What was fetched from
an agency's address is kept for all workers and survives the agency's server.
Locks: a short one on auth.system, whose new columns have constant defaults (no rewrite).
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE auth.system
  ADD COLUMN jwks_uri text CONSTRAINT system_jwks_uri_check
    CHECK (length(jwks_uri) BETWEEN 8 AND 512),
  ADD COLUMN certificates text[] NOT NULL DEFAULT '{}' CONSTRAINT system_certificates_check
    CHECK (cardinality(certificates) <= 4
      AND array_to_string(certificates, ',', '?') ~ '^([A-Za-z0-9_-]{43}(,|$))*$'),
  ADD COLUMN ends jsonb NOT NULL DEFAULT '{}' CONSTRAINT system_ends_check
    CHECK (jsonb_typeof(ends) = 'object'),
  DROP CONSTRAINT system_jwks_check,
  ADD CONSTRAINT system_jwks_check CHECK (jsonb_typeof(jwks) = 'array'
    AND jsonb_array_length(jwks) <= 4
    AND NOT jsonb_path_exists(jwks, '$[*].d') AND NOT jsonb_path_exists(jwks, '$[*].k')),
  ADD CONSTRAINT system_credential_check CHECK (jsonb_array_length(jwks) > 0
    OR jwks_uri IS NOT NULL OR cardinality(certificates) > 0),
  ADD CONSTRAINT system_one_key_set_check
    CHECK (jwks_uri IS NULL OR jsonb_array_length(jwks) = 0);

-- A row that says nothing new keeps the digest that its leaf has: "before" meets its "after".
CREATE OR REPLACE FUNCTION audit.digest_of_system(s auth.system) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT audit.digest_of(VARIADIC ARRAY[s.client_id, s.version::text, s.rev::text, s.state,
    s.agency, s.name_vi, s.name_en, s.jwks::text, s.sandbox::text,
    array_to_string(s.address_ranges, ',')]
    || CASE WHEN s.jwks_uri IS NULL AND s.certificates = '{}' AND s.ends = '{}' THEN '{}'::text[]
       ELSE ARRAY[s.jwks_uri, array_to_string(s.certificates, ','), s.ends::text] END)
$$;
"""

TWO_PEOPLE = """
-- Rows of before were one person's; from now on nobody opens a live system further alone.
ALTER TABLE auth.system
  ADD COLUMN approved_by text CONSTRAINT system_second_person_check
    CHECK (btrim(approved_by) NOT IN ('', btrim(by))),
  ADD CONSTRAINT system_two_people_check CHECK (sandbox OR approved_by IS NOT NULL
    OR act IN ('suspended', 'blocked', 'keys_revoked')) NOT VALID,
  ADD CONSTRAINT system_test_key_check CHECK (sandbox
    OR NOT jsonb_path_exists(jwks, '$[*].kid ? (@ starts with "motlan_test_")')) NOT VALID,
  ADD CONSTRAINT system_live_key_check CHECK (NOT sandbox
    OR NOT jsonb_path_exists(jwks, '$[*].kid ? (@ starts with "motlan_live_")')) NOT VALID;

-- Whoever revokes alone only takes away; and what ever served the sandbox never serves for real.
CREATE FUNCTION auth.judge_credentials() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE before auth.system;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('auth.credential'), hashtext(name))
    FROM (SELECT key ->> 'x' AS name FROM jsonb_array_elements(NEW.jwks) AS key
          UNION SELECT unnest(NEW.certificates) ORDER BY 1) AS named;
  IF EXISTS (SELECT FROM auth.system s WHERE s.sandbox <> NEW.sandbox
      AND (s.certificates && NEW.certificates OR EXISTS (
        SELECT FROM jsonb_array_elements(s.jwks) AS theirs, jsonb_array_elements(NEW.jwks) AS ours
        WHERE theirs ->> 'x' = ours ->> 'x' AND theirs ->> 'crv' = ours ->> 'crv'))) THEN
    RAISE EXCEPTION 'a credential of the other environment' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'system_environment_check';
  END IF;
  IF NEW.act = 'keys_revoked' AND NEW.approved_by IS NULL AND NOT NEW.sandbox THEN
    SELECT * INTO before FROM auth.system s
      WHERE s.client_id = NEW.client_id AND s.version = NEW.version - 1;
    IF NEW.agency <> before.agency OR NEW.address_ranges <> before.address_ranges
        OR NEW.sandbox <> before.sandbox OR NEW.state <> before.state
        OR NEW.jwks_uri IS DISTINCT FROM before.jwks_uri
        OR NOT NEW.certificates <@ before.certificates
        OR EXISTS (SELECT jsonb_array_elements(NEW.jwks) EXCEPT
                   SELECT jsonb_array_elements(before.jwks))
        OR EXISTS (SELECT FROM jsonb_each_text(before.ends) AS earlier (name, at)
                   WHERE NEW.ends ->> name IS DISTINCT FROM at
                     AND (name = ANY (NEW.certificates) OR jsonb_path_exists(NEW.jwks,
                       '$[*].kid ? (@ == $name)', jsonb_build_object('name', name)))) THEN
      RAISE EXCEPTION 'a revocation only takes away' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'system_revocation_check';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER system_judge_credentials BEFORE INSERT ON auth.system
  FOR EACH ROW EXECUTE FUNCTION auth.judge_credentials();
REVOKE ALL ON FUNCTION auth.judge_credentials FROM PUBLIC;

CREATE OR REPLACE FUNCTION audit.owe_system() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE earlier auth.system;
BEGIN
  SELECT * INTO earlier FROM auth.system s
    WHERE s.client_id = NEW.client_id AND s.version = NEW.version - 1;
  INSERT INTO audit.change_due (event, kind, code, rev, before, after, by, by_is, approved_by)
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
    audit.digest_of_system(NEW), NEW."by", 'staff', NEW.approved_by);
  RETURN NULL;
END $$;
"""

TWO_PEOPLE_DOWN = """
CREATE OR REPLACE FUNCTION audit.owe_system() RETURNS trigger
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
    audit.digest_of_system(NEW), NEW."by", 'staff');
  RETURN NULL;
END $$;
DROP TRIGGER system_judge_credentials ON auth.system;
DROP FUNCTION auth.judge_credentials;
ALTER TABLE auth.system
  DROP CONSTRAINT system_live_key_check,
  DROP CONSTRAINT system_test_key_check,
  DROP CONSTRAINT system_two_people_check,
  DROP COLUMN approved_by;
"""

KEY_SETS = """
CREATE TABLE auth.key_set (
  client_id text NOT NULL CONSTRAINT key_set_pkey PRIMARY KEY,
  url text NOT NULL CONSTRAINT key_set_url_check CHECK (length(url) BETWEEN 8 AND 512),
  jwks jsonb NOT NULL DEFAULT '[]' CONSTRAINT key_set_jwks_check
    CHECK (jsonb_typeof(jwks) = 'array' AND jsonb_array_length(jwks) <= 4
      AND NOT jsonb_path_exists(jwks, '$[*].d') AND NOT jsonb_path_exists(jwks, '$[*].k')),
  fetched_at timestamptz,
  tried_at timestamptz NOT NULL,
  fault text CONSTRAINT key_set_fault_check CHECK (length(fault) BETWEEN 1 AND 200)
) WITH (fillfactor = 50);

-- Another key at the agency's address is a change of the agency's own making.
CREATE FUNCTION audit.owe_key_set() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE earlier jsonb := CASE WHEN TG_OP = 'UPDATE' THEN OLD.jwks ELSE '[]' END;
BEGIN
  IF NEW.jwks IS DISTINCT FROM earlier THEN
    INSERT INTO audit.change_due (event, kind, code, before, after, by, by_is)
    VALUES (CASE WHEN NEW.jwks <@ earlier THEN 'key.revoke' ELSE 'key.rotate' END,
      'system', NEW.client_id,
      CASE WHEN earlier <> '[]' THEN audit.digest_of(NEW.client_id, earlier::text) END,
      audit.digest_of(NEW.client_id, NEW.jwks::text), NEW.client_id, 'code');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER key_set_owed AFTER INSERT OR UPDATE ON auth.key_set
  FOR EACH ROW EXECUTE FUNCTION audit.owe_key_set();

REVOKE ALL ON FUNCTION audit.owe_key_set FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON auth.key_set TO motlan_app;
"""

REQUESTS = """
CREATE TABLE auth.system_request (
  id text NOT NULL CONSTRAINT system_request_pkey PRIMARY KEY
    CONSTRAINT system_request_id_check CHECK (id ~ '^yc-[a-z2-7]{16}$'),
  client_id text NOT NULL CONSTRAINT system_request_client_id_check
    CHECK (client_id ~ '^[a-z][a-z0-9._-]{2,63}$'),
  agency text NOT NULL CONSTRAINT system_request_agency_check
    CHECK (length(agency) BETWEEN 1 AND 35),
  base bigint NOT NULL CONSTRAINT system_request_base_check CHECK (base >= 0),
  wanted jsonb NOT NULL CONSTRAINT system_request_wanted_check
    CHECK (wanted ->> 'act' IN ('register', 'amend', 'rotate', 'resume')
      AND NOT jsonb_path_exists(wanted, '$.**.jwks[*].d')
      AND NOT jsonb_path_exists(wanted, '$.**.jwks[*].k')),
  asked_by text NOT NULL CONSTRAINT system_request_asked_by_check CHECK (btrim(asked_by) <> ''),
  asked_at timestamptz NOT NULL,
  reason text NOT NULL CONSTRAINT system_request_reason_check CHECK (btrim(reason) <> ''),
  state text NOT NULL DEFAULT 'open' CONSTRAINT system_request_state_check
    CHECK (state IN ('open', 'approved', 'refused', 'withdrawn', 'superseded')),
  decided_by text,
  decided_at timestamptz,
  decision text,
  CONSTRAINT system_request_decided_check CHECK ((state = 'open') = (decided_at IS NULL)
    AND (state = 'open') = (decided_by IS NULL)),
  CONSTRAINT system_request_second_person_check
    CHECK (state NOT IN ('approved', 'refused') OR btrim(decided_by) <> btrim(asked_by))
);
CREATE UNIQUE INDEX system_request_open_key ON auth.system_request (client_id)
  WHERE state = 'open';
CREATE INDEX system_request_asked_ix ON auth.system_request (asked_at DESC, id DESC);

CREATE FUNCTION auth.keep_system_request() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.state = 'open' AND NEW.state <> 'open'
      AND (OLD.id, OLD.client_id, OLD.agency, OLD.base, OLD.wanted, OLD.asked_by, OLD.asked_at,
           OLD.reason)
        = (NEW.id, NEW.client_id, NEW.agency, NEW.base, NEW.wanted, NEW.asked_by, NEW.asked_at,
           NEW.reason) THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'INSERT' AND NEW.state = 'open' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'what was asked for is decided once, and not rewritten'
    USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER system_request_keep BEFORE INSERT OR UPDATE OR DELETE ON auth.system_request
  FOR EACH ROW EXECUTE FUNCTION auth.keep_system_request();

-- The version that follows from an approval owes its own leaf, with both people.
CREATE FUNCTION audit.owe_system_request() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.state <> 'approved' THEN
    INSERT INTO audit.change_due (event, kind, code, rev, after, by, by_is, approved_by)
    VALUES (CASE NEW.state WHEN 'open' THEN 'system.ask' ELSE 'system.refuse' END,
      'system', NEW.client_id, NEW.base,
      audit.digest_of(NEW.id, NEW.client_id, NEW.base::text, NEW.wanted::text, NEW.state),
      coalesce(NEW.decided_by, NEW.asked_by), 'staff', NULL);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER system_request_owed AFTER INSERT OR UPDATE ON auth.system_request
  FOR EACH ROW EXECUTE FUNCTION audit.owe_system_request();

-- The clock of the last token, to the minute; the day of the last exchange is counted elsewhere.
CREATE TABLE auth.system_use (
  client_id text NOT NULL CONSTRAINT system_use_pkey PRIMARY KEY,
  last_token_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE FUNCTION auth.last_exchange(p_client_id text) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT max(day) FROM findings.tally WHERE scope = 'system' AND actor = p_client_id
$$;

REVOKE ALL ON FUNCTION auth.keep_system_request, audit.owe_system_request, auth.last_exchange
  FROM PUBLIC;
GRANT SELECT, INSERT ON auth.system_request TO motlan_app;
GRANT UPDATE (state, decided_by, decided_at, decision) ON auth.system_request TO motlan_app;
GRANT SELECT, INSERT, UPDATE ON auth.system_use TO motlan_app;
GRANT EXECUTE ON FUNCTION auth.last_exchange TO motlan_app;
"""

REQUESTS_DOWN = """
DROP FUNCTION auth.last_exchange;
DROP TABLE auth.system_use, auth.system_request;
DROP FUNCTION audit.owe_system_request, auth.keep_system_request;
"""

COLUMNS_DOWN = """
CREATE OR REPLACE FUNCTION audit.digest_of_system(s auth.system) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT audit.digest_of(s.client_id, s.version::text, s.rev::text, s.state, s.agency, s.name_vi,
    s.name_en, s.jwks::text, s.sandbox::text, array_to_string(s.address_ranges, ','))
$$;
ALTER TABLE auth.system
  DROP CONSTRAINT system_one_key_set_check,
  DROP CONSTRAINT system_credential_check,
  DROP CONSTRAINT system_jwks_check,
  ADD CONSTRAINT system_jwks_check CHECK (jsonb_typeof(jwks) = 'array'
    AND jsonb_array_length(jwks) BETWEEN 1 AND 4
    AND NOT jsonb_path_exists(jwks, '$[*].d') AND NOT jsonb_path_exists(jwks, '$[*].k')) NOT VALID,
  DROP COLUMN ends,
  DROP COLUMN certificates,
  DROP COLUMN jwks_uri;
"""


KEY_SETS_DOWN = """
DROP TABLE auth.key_set;
DROP FUNCTION audit.owe_key_set;
"""


def upgrade() -> None:
    """Let registrations say more about their credentials."""
    for script in (COLUMNS, TWO_PEOPLE, KEY_SETS, REQUESTS):
        op.execute(script)


def downgrade() -> None:
    """Drop what registrations say beyond their keys."""
    for script in (REQUESTS_DOWN, KEY_SETS_DOWN, TWO_PEOPLE_DOWN, COLUMNS_DOWN):
        op.execute(script)
