"""Agency systems and the client assertions that were used.

Why: a registration is append-only, each act one row with what stood after it, so that an auditor
reads its history as it was; the newest row decides, and a trigger tells `gateway.live_right` in the
same transaction (promise P3).  An assertion counts once over all workers, so its id is a row.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE SCHEMA auth;

CREATE TABLE auth.system (
  client_id text NOT NULL CONSTRAINT system_client_id_check
    CHECK (client_id ~ '^[a-z][a-z0-9._-]{2,63}$'),
  version bigint NOT NULL CONSTRAINT system_version_check CHECK (version >= 1),
  rev bigint NOT NULL CONSTRAINT system_rev_check CHECK (rev >= 1 AND rev <= version),
  state text NOT NULL CONSTRAINT system_state_check
    CHECK (state IN ('active', 'suspended', 'blocked')),
  act text NOT NULL CONSTRAINT system_act_check CHECK (act IN
    ('registered', 'amended', 'keys_rotated', 'keys_revoked', 'suspended', 'resumed', 'blocked')),
  agency text NOT NULL CONSTRAINT system_agency_check CHECK (length(agency) BETWEEN 1 AND 35),
  name_vi text NOT NULL CONSTRAINT system_name_vi_check CHECK (name_vi <> ''),
  name_en text NOT NULL CONSTRAINT system_name_en_check CHECK (name_en <> ''),
  jwks jsonb NOT NULL CONSTRAINT system_jwks_check
    CHECK (jsonb_typeof(jwks) = 'array' AND jsonb_array_length(jwks) BETWEEN 1 AND 4
      AND NOT jsonb_path_exists(jwks, '$[*].d') AND NOT jsonb_path_exists(jwks, '$[*].k')),
  sandbox boolean NOT NULL,
  address_ranges text[] NOT NULL,
  by text NOT NULL CONSTRAINT system_by_check CHECK (by <> ''),
  reason text NOT NULL CONSTRAINT system_reason_check CHECK (reason <> ''),
  at timestamptz NOT NULL,
  CONSTRAINT system_pkey PRIMARY KEY (client_id, version)
);

CREATE FUNCTION auth.judge_system() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE before auth.system;
BEGIN
  SELECT * INTO before FROM auth.system
    WHERE client_id = NEW.client_id ORDER BY version DESC LIMIT 1;
  IF NOT FOUND THEN
    IF NEW.version <> 1 OR NEW.rev <> 1 OR NEW.act <> 'registered' OR NEW.state <> 'active' THEN
      RAISE EXCEPTION 'a registration begins with version 1' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.version <> before.version + 1 THEN
    RAISE EXCEPTION 'another version came first' USING ERRCODE = 'unique_violation';
  END IF;
  IF before.state = 'blocked' THEN
    RAISE EXCEPTION 'a blocked system stays blocked' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.rev NOT IN (before.rev, before.rev + 1) OR (NEW.rev = before.rev AND
      (NEW.state <> before.state OR NEW.agency <> before.agency OR NEW.sandbox <> before.sandbox
       OR NEW.address_ranges <> before.address_ranges OR NEW.act = 'keys_revoked')) THEN
    RAISE EXCEPTION 'this act ends what rests on the registration'
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION auth.publish_system() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM gateway.set_right('system:' || NEW.client_id, NEW.rev, NEW.state = 'active', NULL);
  RETURN NULL;
END $$;

CREATE FUNCTION auth.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'registrations are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER system_judge BEFORE INSERT ON auth.system
  FOR EACH ROW EXECUTE FUNCTION auth.judge_system();
CREATE TRIGGER system_publish AFTER INSERT ON auth.system
  FOR EACH ROW EXECUTE FUNCTION auth.publish_system();
CREATE TRIGGER system_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auth.system
  FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse_change();

CREATE TABLE auth.used_assertion (
  client_id text NOT NULL,
  jti_hash bytea NOT NULL CONSTRAINT used_assertion_jti_hash_check
    CHECK (octet_length(jti_hash) = 32),
  expires_at timestamptz NOT NULL,
  CONSTRAINT used_assertion_pkey PRIMARY KEY (client_id, jti_hash)
);
CREATE INDEX used_assertion_expires_at_idx ON auth.used_assertion (expires_at);

REVOKE ALL ON FUNCTION auth.judge_system, auth.publish_system, auth.refuse_change FROM PUBLIC;
GRANT USAGE ON SCHEMA auth TO motlan_app;
GRANT SELECT, INSERT ON auth.system TO motlan_app;
GRANT SELECT, INSERT, DELETE ON auth.used_assertion TO motlan_app;
"""

DOWNGRADE = """
DELETE FROM gateway.live_right WHERE key LIKE 'system:%';
DROP SCHEMA auth CASCADE;
"""


def upgrade() -> None:
    """Create the owner's schema, its rows, and what keeps them honest."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop registrations with their rights, and the memory of used assertions."""
    op.execute(DOWNGRADE)
