"""Single use of proofs, and tokens that were taken back.

Why: a proof of possession counts once over all workers, so its use is a row, and a token or an
official that was taken back releases nothing from the next commit on.  Uses count for a minute, so
their tables are unlogged; that they were lost is seen by the missing row of `auth.proof_memory`.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PROOFS = """
-- proofs
CREATE UNLOGGED TABLE auth.proof_memory (
  since double precision NOT NULL,
  one boolean NOT NULL DEFAULT true CONSTRAINT proof_memory_pkey PRIMARY KEY
    CONSTRAINT proof_memory_one_check CHECK (one)
);
-- Nobody was let in by a proof before this table came, so this first memory knows everything.
INSERT INTO auth.proof_memory (since) VALUES ('-Infinity');

CREATE UNLOGGED TABLE auth.used_proof (
  digest bytea CONSTRAINT used_proof_pkey PRIMARY KEY
    CONSTRAINT used_proof_digest_check CHECK (octet_length(digest) = 32),
  expires_at double precision NOT NULL
);
CREATE INDEX used_proof_expires_at_idx ON auth.used_proof (expires_at);

CREATE FUNCTION auth.forget_proofs(p_before double precision, p_at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE forgotten integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(7523202611210015) THEN
    RETURN 0;
  END IF;
  DELETE FROM auth.used_proof WHERE digest IN (
    SELECT digest FROM auth.used_proof
    WHERE expires_at < least(p_before, extract(epoch FROM clock_timestamp()))
    ORDER BY expires_at LIMIT p_at_most);
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END $$;
REVOKE ALL ON FUNCTION auth.forget_proofs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.forget_proofs TO motlan_app;
GRANT SELECT, INSERT ON auth.proof_memory, auth.used_proof TO motlan_app;
"""

DROP_PROOFS = """
DROP FUNCTION auth.forget_proofs;
DROP TABLE auth.used_proof, auth.proof_memory;
"""

# What was taken back speaks through `gateway.live_right`, where a release names its token and its
# official at revision 0: such a right stands until a row says that it does not.
TOKENS = """
-- tokens
CREATE TABLE auth.revoked_token (
  token_id text CONSTRAINT revoked_token_pkey PRIMARY KEY
    CONSTRAINT revoked_token_token_id_check CHECK (length(token_id) BETWEEN 1 AND 64),
  client_id text NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX revoked_token_expires_at_idx ON auth.revoked_token (expires_at);

CREATE FUNCTION auth.end_token() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM gateway.set_right('token:' || NEW.token_id, 1, false, NULL);
  RETURN NULL;
END $$;
CREATE FUNCTION auth.forget_token() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.expires_at > clock_timestamp() THEN
    RAISE EXCEPTION 'a token stays revoked while it could live'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  DELETE FROM gateway.live_right WHERE key = 'token:' || OLD.token_id;
  RETURN NULL;
END $$;
CREATE FUNCTION auth.end_official() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM gateway.set_right('account:' || NEW.id, NEW.version, NEW.state = 'active', NULL);
  RETURN NULL;
END $$;

CREATE TRIGGER revoked_token_end AFTER INSERT ON auth.revoked_token
  FOR EACH ROW EXECUTE FUNCTION auth.end_token();
CREATE TRIGGER revoked_token_forget AFTER DELETE ON auth.revoked_token
  FOR EACH ROW EXECUTE FUNCTION auth.forget_token();
CREATE TRIGGER account_end_official AFTER UPDATE ON auth.account
  FOR EACH ROW WHEN (NEW.realm = 'staff' AND NEW.state IS DISTINCT FROM OLD.state)
  EXECUTE FUNCTION auth.end_official();

REVOKE ALL ON FUNCTION auth.end_token, auth.forget_token, auth.end_official FROM PUBLIC;
GRANT SELECT, INSERT, DELETE ON auth.revoked_token TO motlan_app;
"""

DROP_TOKENS = """
DROP TRIGGER account_end_official ON auth.account;
DROP FUNCTION auth.end_official;
DROP TABLE auth.revoked_token;
DROP FUNCTION auth.end_token, auth.forget_token;
DELETE FROM gateway.live_right WHERE key LIKE 'token:%' OR key LIKE 'account:%';
"""


def upgrade() -> None:
    """Create the memory of proofs, and what speaks of tokens that were taken back."""
    op.execute(PROOFS)
    op.execute(TOKENS)


def downgrade() -> None:
    """Drop it, and what it said."""
    op.execute(DROP_TOKENS)
    op.execute(DROP_PROOFS)
