"""Single use of proofs, and tokens that were taken back.

Why: to be filled.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

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
    """Create what speaks of tokens that were taken back."""
    op.execute(TOKENS)


def downgrade() -> None:
    """Drop it, and what it said."""
    op.execute(DROP_TOKENS)
