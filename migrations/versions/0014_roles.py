"""Roles: what people are granted, by two others, and what excludes what.

Why: nobody grants alone and nobody holds two roles that exclude each other, whichever way the rows
come; both are refused here, at the commit, under a lock of the account, so that two halves granted
at the same instant cannot both stand.  Every act is a row of its own and owed a leaf.
Locks: none of length, new objects only; a view that was empty is replaced.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NUMBER = "'[0-9]{9,}'"  # may be a person's: stands in no text of ours
ID = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
TEXT = f"btrim(reason) <> '' AND char_length(reason) <= 500 AND reason !~ {NUMBER}"


def who(name: str) -> str:
    """Return what the account or staff id in column *name* must look like."""
    return f"char_length({name}) BETWEEN 1 AND 64 AND {name} !~ {NUMBER}"


# The same rows as `auth.roles.forbidden.PAIRS`; a test compares them.
FORBIDDEN = """
CREATE TABLE auth.role_forbidden (
  one text NOT NULL,
  other text NOT NULL,
  source text NOT NULL,
  mark text NOT NULL CONSTRAINT role_forbidden_mark_check CHECK (mark IN ('V', 'S', 'D', 'K')),
  CONSTRAINT role_forbidden_pkey PRIMARY KEY (one, other),
  CONSTRAINT role_forbidden_order_check CHECK (one COLLATE "C" < other COLLATE "C")
);
INSERT INTO auth.role_forbidden (one, other, source, mark) VALUES
  ('agency_administrator', 'auditor', 'design-8', 'D'),
  ('agency_administrator', 'citizen', 'tcvn-14423-5.6', 'S'),
  ('auditor', 'catalog_officer', 'design-8', 'D'),
  ('auditor', 'citizen', 'tcvn-14423-5.6', 'S'),
  ('auditor', 'official', 'lgsp-roles', 'D'),
  ('auditor', 'operator', 'design-8', 'D'),
  ('auditor', 'privacy_officer', 'lgsp-roles', 'D'),
  ('auditor', 'publisher', 'design-8', 'D'),
  ('catalog_officer', 'citizen', 'tcvn-14423-5.6', 'S'),
  ('catalog_officer', 'publisher', 'promise-8', 'D'),
  ('citizen', 'official', 'tcvn-14423-5.6', 'S'),
  ('citizen', 'operator', 'tcvn-14423-5.6', 'S'),
  ('citizen', 'privacy_officer', 'tcvn-14423-5.6', 'S'),
  ('citizen', 'publisher', 'tcvn-14423-5.6', 'S'),
  ('official', 'privacy_officer', 'promise-8', 'D'),
  ('operator', 'privacy_officer', 'break-glass-review', 'D');
"""

GRANTED = f"""
CREATE TABLE auth.role_grant (
  id text CONSTRAINT role_grant_pkey PRIMARY KEY CONSTRAINT role_grant_id_check CHECK (id ~ {ID}),
  account_id text NOT NULL
    CONSTRAINT role_grant_account_fkey REFERENCES auth.account (id),
  role text NOT NULL CONSTRAINT role_grant_role_check CHECK (role IN ('catalog_officer',
    'publisher', 'agency_administrator', 'auditor', 'privacy_officer', 'operator', 'official')),
  agency text CONSTRAINT role_grant_agency_check CHECK (length(agency) BETWEEN 1 AND 35),
  valid_from timestamptz NOT NULL,
  valid_to timestamptz,
  asked_by text NOT NULL CONSTRAINT role_grant_asked_by_check CHECK ({who("asked_by")}),
  reason text NOT NULL CONSTRAINT role_grant_reason_check CHECK ({TEXT}),
  asked_at timestamptz NOT NULL,
  CONSTRAINT role_grant_range_check CHECK (valid_to > valid_from AND valid_to > asked_at),
  CONSTRAINT role_grant_scope_check
    CHECK ((role IN ('agency_administrator', 'official')) = (agency IS NOT NULL)),
  CONSTRAINT role_grant_asked_key UNIQUE (id, account_id, asked_by)
);
CREATE INDEX role_grant_account_ix ON auth.role_grant (account_id);

CREATE TABLE auth.role_decision (
  grant_id text CONSTRAINT role_decision_pkey PRIMARY KEY,
  account_id text NOT NULL,
  asked_by text NOT NULL,
  decided_by text NOT NULL CONSTRAINT role_decision_decided_by_check CHECK ({who("decided_by")}),
  approved boolean NOT NULL,
  reason text NOT NULL CONSTRAINT role_decision_reason_check CHECK ({TEXT}),
  at timestamptz NOT NULL,
  CONSTRAINT role_decision_of_fkey FOREIGN KEY (grant_id, account_id, asked_by)
    REFERENCES auth.role_grant (id, account_id, asked_by),
  -- Refusing takes one person, also the one who asked: that is taking it back.
  CONSTRAINT role_decision_four_eyes
    CHECK (NOT approved OR (decided_by <> asked_by AND decided_by <> account_id)),
  CONSTRAINT role_decision_approved_key UNIQUE (grant_id, account_id, approved)
);

CREATE TABLE auth.role_end (
  grant_id text CONSTRAINT role_end_pkey PRIMARY KEY,
  account_id text NOT NULL,
  approved boolean NOT NULL CONSTRAINT role_end_approved_check CHECK (approved),
  cause text NOT NULL CONSTRAINT role_end_cause_check
    CHECK (cause IN ('revoked', 'reviewed', 'lapsed')),
  ended_by text NOT NULL CONSTRAINT role_end_ended_by_check CHECK ({who("ended_by")}),
  reason text NOT NULL CONSTRAINT role_end_reason_check CHECK ({TEXT}),
  at timestamptz NOT NULL,
  CONSTRAINT role_end_of_fkey FOREIGN KEY (grant_id, account_id, approved)
    REFERENCES auth.role_decision (grant_id, account_id, approved)
);

-- One row for each account that was ever decided about; whoever decides holds it until the commit.
CREATE TABLE auth.role_holder (
  account_id text CONSTRAINT role_holder_pkey PRIMARY KEY,
  decisions bigint NOT NULL CONSTRAINT role_holder_decisions_check CHECK (decisions >= 1)
) WITH (fillfactor = 50);

CREATE FUNCTION auth.judge_role_grant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE holder auth.account;
BEGIN
  SELECT * INTO holder FROM auth.account a WHERE a.id = NEW.account_id;
  IF holder.realm <> 'staff' THEN
    RAISE EXCEPTION 'a citizen is a citizen alone'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'role_forbidden_pair';
  END IF;
  IF NEW.agency <> holder.agency THEN
    RAISE EXCEPTION 'a role at an agency is for those who work there'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'role_grant_scope_check';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER role_grant_judge BEFORE INSERT ON auth.role_grant
  FOR EACH ROW EXECUTE FUNCTION auth.judge_role_grant();

CREATE FUNCTION auth.judge_role_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  asked auth.role_grant;
  held record;
BEGIN
  IF NOT NEW.approved THEN RETURN NEW; END IF;
  INSERT INTO auth.role_holder AS h (account_id, decisions) VALUES (NEW.account_id, 1)
    ON CONFLICT (account_id) DO UPDATE SET decisions = h.decisions + 1;
  SELECT * INTO asked FROM auth.role_grant g WHERE g.id = NEW.grant_id;
  IF asked.valid_to <= clock_timestamp() THEN
    RAISE EXCEPTION 'its time is over'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'role_grant_over';
  END IF;
  FOR held IN
    SELECT g.role FROM auth.role_grant g
    JOIN auth.role_decision d ON d.grant_id = g.id AND d.approved
    WHERE g.account_id = NEW.account_id AND g.id <> NEW.grant_id
      AND NOT EXISTS (SELECT FROM auth.role_end e WHERE e.grant_id = g.id)
      AND tstzrange(g.valid_from, g.valid_to) && tstzrange(asked.valid_from, asked.valid_to)
      AND (g.valid_to IS NULL OR g.valid_to > clock_timestamp())
  LOOP
    IF held.role = asked.role THEN
      RAISE EXCEPTION 'the role is held already'
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'role_held_already';
    END IF;
    IF EXISTS (SELECT FROM auth.role_forbidden f
        WHERE f.one = least(held.role COLLATE "C", asked.role COLLATE "C")
          AND f.other = greatest(held.role COLLATE "C", asked.role COLLATE "C")) THEN
      RAISE EXCEPTION 'the two roles exclude each other'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'role_forbidden_pair';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER role_decision_judge BEFORE INSERT ON auth.role_decision
  FOR EACH ROW EXECUTE FUNCTION auth.judge_role_decision();

-- Whoever may do less from now on signs on anew.
CREATE FUNCTION auth.follow_role_end() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM auth.end_sessions(NEW.account_id);
  RETURN NULL;
END $$;
CREATE TRIGGER role_end_follow AFTER INSERT ON auth.role_end
  FOR EACH ROW EXECUTE FUNCTION auth.follow_role_end();
"""

VIEWS = """
DROP VIEW auth.role_held;

-- Approved and not ended, also what begins later.
CREATE VIEW auth.role_granted AS
  SELECT g.id, g.account_id, g.role, g.agency, g.valid_from, g.valid_to, d.at AS decided_at
  FROM auth.role_grant g
  JOIN auth.role_decision d ON d.grant_id = g.id AND d.approved
  WHERE (g.valid_to IS NULL OR g.valid_to > statement_timestamp())
    AND NOT EXISTS (SELECT FROM auth.role_end e WHERE e.grant_id = g.id);

CREATE VIEW auth.role_held AS
  SELECT g.account_id, g.role, g.agency FROM auth.role_granted g
  WHERE g.valid_from <= statement_timestamp();
"""

OWED = """
CREATE FUNCTION audit.digest_of_role(g auth.role_grant, p_state text) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT audit.digest_of(g.id, g.account_id, g.role, g.agency,
    extract(epoch FROM g.valid_from)::text, extract(epoch FROM g.valid_to)::text,
    g.asked_by, p_state)
$$;

CREATE FUNCTION audit.owe_role_grant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO audit.change_due (event, kind, code, after, by, by_is)
  VALUES ('role.ask', 'role', NEW.account_id || ':' || NEW.role,
    audit.digest_of_role(NEW, 'asked'), NEW.asked_by, 'staff');
  RETURN NULL;
END $$;
CREATE TRIGGER role_grant_owed AFTER INSERT ON auth.role_grant
  FOR EACH ROW EXECUTE FUNCTION audit.owe_role_grant();

CREATE FUNCTION audit.owe_role_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE asked auth.role_grant;
BEGIN
  SELECT * INTO asked FROM auth.role_grant g WHERE g.id = NEW.grant_id;
  INSERT INTO audit.change_due (event, kind, code, before, after, by, by_is, approved_by)
  VALUES (
    CASE WHEN NEW.approved THEN 'role.grant' ELSE 'role.refuse' END,
    'role', asked.account_id || ':' || asked.role,
    audit.digest_of_role(asked, 'asked'),
    audit.digest_of_role(asked, CASE WHEN NEW.approved THEN 'granted' ELSE 'refused' END),
    CASE WHEN NEW.approved THEN NEW.asked_by ELSE NEW.decided_by END, 'staff',
    CASE WHEN NEW.approved THEN NEW.decided_by END);
  RETURN NULL;
END $$;
CREATE TRIGGER role_decision_owed AFTER INSERT ON auth.role_decision
  FOR EACH ROW EXECUTE FUNCTION audit.owe_role_decision();

CREATE FUNCTION audit.owe_role_end() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE asked auth.role_grant;
BEGIN
  SELECT * INTO asked FROM auth.role_grant g WHERE g.id = NEW.grant_id;
  INSERT INTO audit.change_due (event, kind, code, before, after, by, by_is)
  VALUES ('role.revoke', 'role', asked.account_id || ':' || asked.role,
    audit.digest_of_role(asked, 'granted'), audit.digest_of_role(asked, NEW.cause),
    NEW.ended_by, CASE NEW.cause WHEN 'lapsed' THEN 'code' ELSE 'staff' END);
  RETURN NULL;
END $$;
CREATE TRIGGER role_end_owed AFTER INSERT ON auth.role_end
  FOR EACH ROW EXECUTE FUNCTION audit.owe_role_end();
"""

APPEND_ONLY = ("role_forbidden", "role_grant", "role_decision", "role_end")
REFUSE = """
CREATE FUNCTION auth.refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege',
    CONSTRAINT = 'roles_append_only';
END $$;
"""

GRANTS = """
REVOKE ALL ON FUNCTION auth.judge_role_grant, auth.judge_role_decision, auth.follow_role_end,
  auth.refuse_rewriting, audit.digest_of_role, audit.owe_role_grant, audit.owe_role_decision,
  audit.owe_role_end FROM PUBLIC;
GRANT SELECT ON auth.role_held, auth.role_granted, auth.role_forbidden TO motlan_app;
GRANT SELECT, INSERT ON auth.role_grant, auth.role_decision, auth.role_end TO motlan_app;
"""

DOWNGRADE = """
DROP VIEW auth.role_held;
DROP VIEW auth.role_granted;
DROP TABLE auth.role_end, auth.role_decision;
DROP TRIGGER role_grant_owed ON auth.role_grant;
DROP FUNCTION audit.owe_role_end, audit.owe_role_decision, audit.owe_role_grant,
  audit.digest_of_role;
DROP TABLE auth.role_holder, auth.role_grant, auth.role_forbidden;
DROP FUNCTION auth.follow_role_end, auth.judge_role_decision, auth.judge_role_grant,
  auth.refuse_rewriting;
CREATE VIEW auth.role_held AS
  SELECT NULL::text AS account_id, NULL::text AS role, NULL::text AS agency WHERE false;
GRANT SELECT ON auth.role_held TO motlan_app;
"""


def upgrade() -> None:
    """Create grants with what they exclude, and what each act owes."""
    for script in (FORBIDDEN, GRANTED, VIEWS, OWED, REFUSE):
        op.execute(script)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON auth.{table} FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse_rewriting()"
        )
    op.execute(GRANTS)


def downgrade() -> None:
    """Drop them: nobody of the staff may do anything any more."""
    op.execute(DOWNGRADE)
