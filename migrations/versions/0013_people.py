"""Accounts, sessions and sign-on attempts.

Why: one account is one person, and every change of it is owed a leaf from the commit that makes it;
a session is a row that the database alone can neither open nor read, shared by all workers; an
account that is not active has no session in the same transaction.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = "'[0-9]{9,}'"  # may be a person's: stands in no text of ours
PSEUDONYM = "'^[a-z2-7]{32}$'"

ACCOUNTS = f"""
CREATE TABLE auth.account (
  id text CONSTRAINT account_pkey PRIMARY KEY
    CONSTRAINT account_id_check CHECK (id ~ '^u-[a-z2-7]{{16}}$' AND id !~ {NUMBER}),
  version bigint NOT NULL CONSTRAINT account_version_check CHECK (version >= 1),
  realm text NOT NULL CONSTRAINT account_realm_check CHECK (realm IN ('staff', 'citizens')),
  state text NOT NULL
    CONSTRAINT account_state_check CHECK (state IN ('active', 'disabled', 'locked')),
  act text NOT NULL CONSTRAINT account_act_check
    CHECK (act IN ('created', 'linked', 'renamed', 'disabled', 'enabled', 'locked')),
  name text CONSTRAINT account_name_check CHECK (btrim(name) <> '' AND name !~ {NUMBER}),
  agency text CONSTRAINT account_agency_check CHECK (length(agency) BETWEEN 1 AND 35),
  staff_number text CONSTRAINT account_staff_number_check
    CHECK (staff_number ~ '^[A-Za-z0-9][A-Za-z0-9._-]{{0,39}}$' AND staff_number !~ {NUMBER}),
  person_ref text CONSTRAINT account_person_ref_key UNIQUE
    CONSTRAINT account_person_ref_check CHECK (person_ref ~ {PSEUDONYM}),
  by text CONSTRAINT account_by_check CHECK (btrim(by) <> '' AND by !~ {NUMBER}),
  reason text NOT NULL
    CONSTRAINT account_reason_check CHECK (btrim(reason) <> '' AND reason !~ {NUMBER}),
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  last_seen_at timestamptz,
  -- A citizen is a pseudonym and no more; an official is named by whoever prepared the account.
  CONSTRAINT account_realm_members_check CHECK (CASE realm
    WHEN 'staff' THEN name IS NOT NULL AND agency IS NOT NULL AND staff_number IS NOT NULL
      AND person_ref IS NULL
    ELSE name IS NULL AND agency IS NULL AND staff_number IS NULL AND person_ref IS NOT NULL END)
);
-- One person has one account that can be used.
CREATE UNIQUE INDEX account_staff_ix ON auth.account (agency, staff_number)
  WHERE state <> 'disabled';
CREATE INDEX account_seen_ix ON auth.account (last_seen_at) WHERE state = 'active';

CREATE TABLE auth.account_link (
  ref text CONSTRAINT account_link_pkey PRIMARY KEY
    CONSTRAINT account_link_ref_check CHECK (ref ~ {PSEUDONYM}),
  account_id text NOT NULL CONSTRAINT account_link_account_key UNIQUE
    CONSTRAINT account_link_account_fkey REFERENCES auth.account (id),
  at timestamptz NOT NULL
);

CREATE FUNCTION auth.judge_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.version <> 1 OR NEW.act <> 'created' OR NEW.state <> 'active' THEN
      RAISE EXCEPTION 'an account begins with version 1' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'an account is disabled, never removed'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.id, NEW.realm, NEW.agency, NEW.staff_number, NEW.person_ref, NEW.created_at)
      IS DISTINCT FROM
     (OLD.id, OLD.realm, OLD.agency, OLD.staff_number, OLD.person_ref, OLD.created_at) THEN
    RAISE EXCEPTION 'an account stays the account of one person'
      USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.version = OLD.version THEN
    OLD.last_seen_at := greatest(OLD.last_seen_at, NEW.last_seen_at);
    NEW.last_seen_at := OLD.last_seen_at;
    IF OLD IS DISTINCT FROM NEW THEN
      RAISE EXCEPTION 'a change is a new version' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.version <> OLD.version + 1 THEN
    RAISE EXCEPTION 'another version came first' USING ERRCODE = 'serialization_failure';
  END IF;
  IF NOT (CASE NEW.act
      WHEN 'linked' THEN OLD.state = 'active' AND NEW.state = 'active'
      WHEN 'renamed' THEN NEW.state = OLD.state
      WHEN 'disabled' THEN OLD.state <> 'disabled' AND NEW.state = 'disabled'
      WHEN 'locked' THEN OLD.state = 'active' AND NEW.state = 'locked'
      WHEN 'enabled' THEN OLD.state <> 'active' AND NEW.state = 'active'
      ELSE false END) THEN
    RAISE EXCEPTION 'the act does not lead from that state' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER account_judge BEFORE INSERT OR UPDATE OR DELETE ON auth.account
  FOR EACH ROW EXECUTE FUNCTION auth.judge_account();

CREATE FUNCTION auth.keep_link() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'a link is for good' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER account_link_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON auth.account_link
  FOR EACH STATEMENT EXECUTE FUNCTION auth.keep_link();

CREATE FUNCTION audit.digest_of_account(a auth.account) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT audit.digest_of(a.id, a.version::text, a.realm, a.state, a.name, a.agency,
    a.staff_number, a.person_ref)
$$;

CREATE FUNCTION audit.owe_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO audit.change_due (event, kind, code, rev, before, after, by, by_is)
  VALUES (
    CASE NEW.act
      WHEN 'created' THEN 'account.create'
      WHEN 'linked' THEN 'account.link'
      WHEN 'renamed' THEN 'account.rename'
      WHEN 'disabled' THEN 'account.disable'
      WHEN 'enabled' THEN 'account.enable'
      ELSE 'account.lock' END,
    'account', NEW.id, NEW.version,
    CASE TG_OP WHEN 'UPDATE' THEN audit.digest_of_account(OLD) END,
    audit.digest_of_account(NEW), NEW."by", 'staff');
  RETURN NULL;
END $$;
CREATE TRIGGER account_created_owed AFTER INSERT ON auth.account
  FOR EACH ROW EXECUTE FUNCTION audit.owe_account();
CREATE TRIGGER account_changed_owed AFTER UPDATE ON auth.account
  FOR EACH ROW WHEN (NEW.version <> OLD.version) EXECUTE FUNCTION audit.owe_account();

REVOKE ALL ON FUNCTION auth.judge_account, auth.keep_link, audit.digest_of_account,
  audit.owe_account FROM PUBLIC;
GRANT SELECT, INSERT ON auth.account, auth.account_link TO motlan_app;
GRANT UPDATE (version, state, act, name, by, reason, changed_at, last_seen_at)
  ON auth.account TO motlan_app;
"""

SESSIONS = f"""
CREATE TABLE auth.session (
  key bytea CONSTRAINT session_pkey PRIMARY KEY
    CONSTRAINT session_key_check CHECK (octet_length(key) = 32),
  id text NOT NULL CONSTRAINT session_id_key UNIQUE
    CONSTRAINT session_id_check CHECK (id ~ '^s-[a-z2-7]{{16}}$' AND id !~ {NUMBER}),
  account_id text NOT NULL
    CONSTRAINT session_account_fkey REFERENCES auth.account (id),
  provider text NOT NULL
    CONSTRAINT session_provider_check CHECK (length(provider) BETWEEN 1 AND 64),
  subject_ref text NOT NULL CONSTRAINT session_subject_ref_check CHECK (subject_ref ~ {PSEUDONYM}),
  sid_ref text CONSTRAINT session_sid_ref_check CHECK (sid_ref ~ {PSEUDONYM}),
  level smallint NOT NULL CONSTRAINT session_level_check CHECK (level IN (1, 2)),
  authenticated_at timestamptz NOT NULL,
  opened_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  sealed bytea NOT NULL
    CONSTRAINT session_sealed_check CHECK (octet_length(sealed) BETWEEN 29 AND 65536),
  -- The longest that any setting may say is eight hours.
  CONSTRAINT session_ends_check
    CHECK (opened_at < ends_at AND ends_at <= opened_at + interval '8 hours')
);
CREATE INDEX session_account_ix ON auth.session (account_id, opened_at);
CREATE INDEX session_subject_ix ON auth.session (subject_ref);
CREATE INDEX session_sid_ix ON auth.session (sid_ref) WHERE sid_ref IS NOT NULL;
CREATE INDEX session_ends_ix ON auth.session (ends_at);

-- Also for triggers of other rows: whoever may do less from now on signs on anew.  Everybody who
-- ends several sessions locks them in one order, so that no two of them wait for each other.
CREATE FUNCTION auth.end_sessions(p_account text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH meant AS MATERIALIZED (
    SELECT id FROM auth.session WHERE account_id = p_account ORDER BY id FOR UPDATE
  ), ended AS (
    DELETE FROM auth.session USING meant WHERE session.id = meant.id RETURNING 1
  )
  SELECT count(*) FROM ended
$$;

CREATE FUNCTION auth.follow_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM auth.end_sessions(NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER account_sessions_end AFTER UPDATE ON auth.account
  FOR EACH ROW WHEN (NEW.state <> 'active') EXECUTE FUNCTION auth.follow_account();

REVOKE ALL ON FUNCTION auth.end_sessions, auth.follow_account FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.end_sessions TO motlan_app;
GRANT SELECT, INSERT, DELETE ON auth.session TO motlan_app;
GRANT UPDATE (key, provider, subject_ref, sid_ref, level, authenticated_at, seen_at, sealed)
  ON auth.session TO motlan_app;

-- Nobody holds a role until roles are granted; the next migration says who does.
CREATE VIEW auth.role_held AS
  SELECT NULL::text AS account_id, NULL::text AS role, NULL::text AS agency WHERE false;
GRANT SELECT ON auth.role_held TO motlan_app;
"""

# -- attempts
ATTEMPTS = """
CREATE TABLE auth.sign_on_attempt (
  key bytea CONSTRAINT sign_on_attempt_pkey PRIMARY KEY
    CONSTRAINT sign_on_attempt_key_check CHECK (octet_length(key) = 32),
  sealed bytea NOT NULL
    CONSTRAINT sign_on_attempt_sealed_check CHECK (octet_length(sealed) BETWEEN 29 AND 8192),
  expires_at timestamptz NOT NULL
);
CREATE INDEX sign_on_attempt_expires_at_ix ON auth.sign_on_attempt (expires_at);

-- Locking rows to remove them asks for UPDATE of something; the key of an attempt is of no use.
GRANT SELECT, INSERT, DELETE, UPDATE (key) ON auth.sign_on_attempt TO motlan_app;
"""

DOWNGRADE = """
DROP VIEW auth.role_held;
DROP TABLE auth.session;
DROP TABLE auth.account_link;
DROP FUNCTION auth.keep_link;
DROP TRIGGER account_sessions_end ON auth.account;
DROP TRIGGER account_changed_owed ON auth.account;
DROP TRIGGER account_created_owed ON auth.account;
DROP FUNCTION audit.owe_account, audit.digest_of_account;
DROP TABLE auth.account;
DROP FUNCTION auth.follow_account, auth.end_sessions, auth.judge_account;
"""

# -- attempts
ATTEMPTS_DOWN = """
DROP TABLE auth.sign_on_attempt;
"""


def upgrade() -> None:
    """Create accounts with their links, sessions, and the memory of attempts."""
    for script in (ACCOUNTS, SESSIONS, ATTEMPTS):
        if script:
            op.execute(script)


def downgrade() -> None:
    """Drop them; everybody signs on anew, and officials' accounts are gone."""
    for script in (ATTEMPTS_DOWN, DOWNGRADE):
        if script:
            op.execute(script)
