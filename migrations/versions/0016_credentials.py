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


def upgrade() -> None:
    """Let registrations say more about their credentials."""
    op.execute(COLUMNS)


def downgrade() -> None:
    """Drop what registrations say beyond their keys."""
    op.execute(COLUMNS_DOWN)
