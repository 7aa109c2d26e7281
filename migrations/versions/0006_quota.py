"""Quota counters shared by all workers.

Why: a quota counts over every worker, so units are leased from one row under its lock; the
functions keep the arithmetic in one place and the application role away from the rows.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE gateway.quota_count (
  key text NOT NULL,
  start timestamptz NOT NULL,
  taken bigint NOT NULL CONSTRAINT quota_count_taken_check CHECK (taken >= 0),
  CONSTRAINT quota_count_pkey PRIMARY KEY (key, start)
);
CREATE TABLE gateway.quota_person (
  key text NOT NULL,
  start timestamptz NOT NULL,
  person text NOT NULL,
  CONSTRAINT quota_person_pkey PRIMARY KEY (key, start, person)
);
CREATE FUNCTION gateway.lease_quota(
  p_key text, p_start timestamptz, p_limit bigint, p_want bigint,
  OUT granted bigint, OUT total bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE before bigint;
BEGIN
  INSERT INTO gateway.quota_count (key, start, taken) VALUES (p_key, p_start, 0)
    ON CONFLICT DO NOTHING;
  SELECT taken INTO before FROM gateway.quota_count
    WHERE key = p_key AND start = p_start FOR UPDATE;
  granted := greatest(0, least(p_want, p_limit - before));
  total := before + granted;
  IF granted > 0 THEN
    UPDATE gateway.quota_count SET taken = total WHERE key = p_key AND start = p_start;
  END IF;
END $$;
CREATE FUNCTION gateway.return_quota(p_key text, p_start timestamptz, p_units bigint)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  UPDATE gateway.quota_count SET taken = greatest(0, taken - greatest(0, p_units))
  WHERE key = p_key AND start = p_start
$$;
CREATE FUNCTION gateway.admit_person(
  p_key text, p_start timestamptz, p_person text, p_limit bigint
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE admitted bigint;
BEGIN
  PERFORM 1 FROM gateway.quota_person
    WHERE key = p_key AND start = p_start AND person = p_person;
  IF FOUND THEN RETURN true; END IF;
  INSERT INTO gateway.quota_count (key, start, taken) VALUES (p_key, p_start, 0)
    ON CONFLICT DO NOTHING;
  SELECT taken INTO admitted FROM gateway.quota_count
    WHERE key = p_key AND start = p_start FOR UPDATE;
  PERFORM 1 FROM gateway.quota_person
    WHERE key = p_key AND start = p_start AND person = p_person;
  IF FOUND THEN RETURN true; END IF;
  IF admitted >= p_limit THEN RETURN false; END IF;
  INSERT INTO gateway.quota_person (key, start, person) VALUES (p_key, p_start, p_person);
  UPDATE gateway.quota_count SET taken = admitted + 1 WHERE key = p_key AND start = p_start;
  RETURN true;
END $$;
CREATE FUNCTION gateway.forget_quota(p_before timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  DELETE FROM gateway.quota_person WHERE start < p_before;
  DELETE FROM gateway.quota_count WHERE start < p_before;
$$;
REVOKE ALL ON FUNCTION gateway.lease_quota, gateway.return_quota, gateway.admit_person,
  gateway.forget_quota FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gateway.lease_quota, gateway.return_quota, gateway.admit_person,
  gateway.forget_quota TO motlan_app;
"""

DOWNGRADE = """
DROP FUNCTION gateway.forget_quota, gateway.admit_person, gateway.return_quota,
  gateway.lease_quota;
DROP TABLE gateway.quota_person, gateway.quota_count;
"""


def upgrade() -> None:
    """Create counters and the functions that alone may change them."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop counters; quotas start anew."""
    op.execute(DOWNGRADE)
