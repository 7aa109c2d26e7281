"""Reviews of what is granted, and the last resort.

Why: a grant that nobody confirms ends by itself (TCVN 14423:2026 5.4 and 5.6, second-hand,
domain.md 1.8), and an emergency is opened once, counted, closed and judged; neither depends on
somebody remembering it.
Locks: none of length, new objects only; the view of held roles is replaced.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NUMBER = "'[0-9]{9,}'"  # may be a person's: stands in no text of ours
ID = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
TEXT = f"btrim(reason) <> '' AND char_length(reason) <= 500 AND reason !~ {NUMBER}"


def who(name: str) -> str:
    """Return what the account or staff id in column *name* must look like."""
    return f"char_length({name}) BETWEEN 1 AND 64 AND {name} !~ {NUMBER}"


REVIEWS = f"""
CREATE TABLE auth.review (
  id text CONSTRAINT review_pkey PRIMARY KEY CONSTRAINT review_id_check CHECK (id ~ {ID}),
  opened_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  lapses_at timestamptz NOT NULL,
  CONSTRAINT review_order_check CHECK (opened_at < due_at AND due_at <= lapses_at)
);
CREATE INDEX review_opened_ix ON auth.review (opened_at);

CREATE TABLE auth.review_item (
  review_id text NOT NULL CONSTRAINT review_item_review_fkey REFERENCES auth.review (id),
  grant_id text NOT NULL,
  account_id text NOT NULL,
  approved boolean NOT NULL CONSTRAINT review_item_approved_check CHECK (approved),
  CONSTRAINT review_item_pkey PRIMARY KEY (review_id, grant_id),
  CONSTRAINT review_item_of_key UNIQUE (review_id, grant_id, account_id),
  CONSTRAINT review_item_grant_fkey FOREIGN KEY (grant_id, account_id, approved)
    REFERENCES auth.role_decision (grant_id, account_id, approved)
);
CREATE INDEX review_item_grant_ix ON auth.review_item (grant_id);

CREATE TABLE auth.review_decision (
  review_id text NOT NULL,
  grant_id text NOT NULL,
  account_id text NOT NULL,
  keep boolean NOT NULL,
  decided_by text NOT NULL CONSTRAINT review_decision_decided_by_check CHECK ({who("decided_by")}),
  reason text NOT NULL CONSTRAINT review_decision_reason_check CHECK ({TEXT}),
  at timestamptz NOT NULL,
  CONSTRAINT review_decision_pkey PRIMARY KEY (review_id, grant_id),
  CONSTRAINT review_decision_of_fkey FOREIGN KEY (review_id, grant_id, account_id)
    REFERENCES auth.review_item (review_id, grant_id, account_id),
  CONSTRAINT review_decision_four_eyes CHECK (decided_by <> account_id)
);

CREATE FUNCTION auth.judge_review_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM FROM auth.role_decision d WHERE d.grant_id = NEW.grant_id FOR UPDATE;
  IF EXISTS (SELECT FROM auth.role_end e WHERE e.grant_id = NEW.grant_id) THEN
    RAISE EXCEPTION 'what has ended is not reviewed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'review_decision_of_live';
  END IF;
  IF NOT NEW.keep THEN
    INSERT INTO auth.role_end (grant_id, account_id, approved, cause, ended_by, reason, at)
    VALUES (NEW.grant_id, NEW.account_id, true, 'reviewed', NEW.decided_by, NEW.reason, NEW.at);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER review_decision_judge BEFORE INSERT ON auth.review_decision
  FOR EACH ROW EXECUTE FUNCTION auth.judge_review_decision();

-- One review at a time, over everything that is granted at this instant.
CREATE FUNCTION auth.open_review(
  p_id text, p_now timestamptz, p_after timestamptz, p_due timestamptz, p_lapses timestamptz
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE items bigint;
BEGIN
  LOCK TABLE auth.review IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM auth.review r WHERE r.opened_at > p_after) THEN RETURN 0; END IF;
  IF NOT EXISTS (SELECT FROM auth.role_granted g WHERE g.decided_at <= p_after) THEN
    RETURN 0;
  END IF;
  INSERT INTO auth.review (id, opened_at, due_at, lapses_at) VALUES (p_id, p_now, p_due, p_lapses);
  INSERT INTO auth.review_item (review_id, grant_id, account_id, approved)
    SELECT p_id, g.id, g.account_id, true FROM auth.role_granted g;
  GET DIAGNOSTICS items = ROW_COUNT;
  PERFORM audit.owe('review.open', 'review', p_id, NULL,
    audit.digest_of(p_id, extract(epoch FROM p_due)::text, extract(epoch FROM p_lapses)::text,
      (SELECT string_agg(i.grant_id, ',' ORDER BY i.grant_id)
       FROM auth.review_item i WHERE i.review_id = p_id)), NULL);
  RETURN items;
END $$;

-- What nobody confirmed in time ends by itself.
CREATE FUNCTION auth.lapse_reviewed(p_now timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH lapsed AS (
    INSERT INTO auth.role_end (grant_id, account_id, approved, cause, ended_by, reason, at)
    SELECT DISTINCT i.grant_id, i.account_id, true, 'lapsed', 'keeper:review',
      'không được xác nhận khi rà soát / not confirmed in the review', p_now
    FROM auth.review r
    JOIN auth.review_item i ON i.review_id = r.id
    JOIN auth.role_granted g ON g.id = i.grant_id
    WHERE r.lapses_at <= p_now AND NOT EXISTS (
      SELECT FROM auth.review_decision d
      WHERE d.review_id = i.review_id AND d.grant_id = i.grant_id)
    ON CONFLICT (grant_id) DO NOTHING
    RETURNING 1)
  SELECT count(*) FROM lapsed
$$;
"""

LAST_RESORT = f"""
-- Where a secret of ours is checked: how often it was guessed wrong.
CREATE TABLE auth.guess (
  door text CONSTRAINT guess_pkey PRIMARY KEY
    CONSTRAINT guess_door_check CHECK (door ~ '^[a-z][a-z-]{{2,39}}$'),
  failures integer NOT NULL CONSTRAINT guess_failures_check CHECK (failures BETWEEN 0 AND 5),
  pause_until timestamptz NOT NULL,
  locked_at timestamptz,
  CONSTRAINT guess_locked_check CHECK (locked_at IS NULL OR failures = 5)
);

CREATE TABLE auth.break_glass (
  id text CONSTRAINT break_glass_pkey PRIMARY KEY
    CONSTRAINT break_glass_id_check CHECK (id ~ {ID}),
  account_id text NOT NULL CONSTRAINT break_glass_account_key UNIQUE
    CONSTRAINT break_glass_account_fkey REFERENCES auth.account (id),
  opened_by text NOT NULL CONSTRAINT break_glass_opened_by_check CHECK ({who("opened_by")}),
  reason text NOT NULL CONSTRAINT break_glass_reason_check CHECK ({TEXT}),
  opened_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  secret_hash text CONSTRAINT break_glass_secret_hash_check
    CHECK (secret_hash ~ '^[$]argon2id[$]' AND length(secret_hash) <= 200),
  used_at timestamptz,
  closed_at timestamptz,
  closed_by text CONSTRAINT break_glass_closed_by_check CHECK ({who("closed_by")}),
  CONSTRAINT break_glass_life_check
    CHECK (opened_at < ends_at AND ends_at <= opened_at + interval '1 hour'),
  -- A secret that was used or that is over is not kept.
  CONSTRAINT break_glass_secret_check
    CHECK ((secret_hash IS NOT NULL) = (used_at IS NULL AND closed_at IS NULL)),
  CONSTRAINT break_glass_closed_check CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
  CONSTRAINT break_glass_opened_key UNIQUE (id, account_id, opened_by)
);
CREATE UNIQUE INDEX break_glass_open_ix ON auth.break_glass ((true)) WHERE closed_at IS NULL;

CREATE TABLE auth.break_glass_judgement (
  break_glass_id text CONSTRAINT break_glass_judgement_pkey PRIMARY KEY,
  account_id text NOT NULL,
  opened_by text NOT NULL,
  judged_by text NOT NULL
    CONSTRAINT break_glass_judgement_judged_by_check CHECK ({who("judged_by")}),
  justified boolean NOT NULL,
  reason text NOT NULL CONSTRAINT break_glass_judgement_reason_check CHECK ({TEXT}),
  at timestamptz NOT NULL,
  CONSTRAINT break_glass_judgement_of_fkey FOREIGN KEY (break_glass_id, account_id, opened_by)
    REFERENCES auth.break_glass (id, account_id, opened_by),
  CONSTRAINT break_glass_judgement_four_eyes
    CHECK (judged_by <> opened_by AND judged_by <> account_id)
);

CREATE FUNCTION auth.judge_break_glass() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.used_at IS NOT NULL OR NEW.closed_at IS NOT NULL THEN
      RAISE EXCEPTION 'it begins open and unused' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' OR OLD.closed_at IS NOT NULL
     OR (OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at)
     OR (NEW.id, NEW.account_id, NEW.opened_by, NEW.reason, NEW.opened_at, NEW.ends_at)
        IS DISTINCT FROM
        (OLD.id, OLD.account_id, OLD.opened_by, OLD.reason, OLD.opened_at, OLD.ends_at)
     OR (NEW.secret_hash IS NOT NULL AND NEW.secret_hash IS DISTINCT FROM OLD.secret_hash) THEN
    RAISE EXCEPTION 'the last resort is used once, and closed for good'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'break_glass_once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER break_glass_judge BEFORE INSERT OR UPDATE OR DELETE ON auth.break_glass
  FOR EACH ROW EXECUTE FUNCTION auth.judge_break_glass();

CREATE FUNCTION auth.judge_judgement() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM auth.break_glass b
      WHERE b.id = NEW.break_glass_id AND b.closed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'it is judged once it is over'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'break_glass_judgement_over';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER break_glass_judgement_judge BEFORE INSERT ON auth.break_glass_judgement
  FOR EACH ROW EXECUTE FUNCTION auth.judge_judgement();

-- Each attempt is counted before the secret is looked at, so that guessing side by side gains
-- nothing; the fifth wrong one locks, and only another person's word unlocks.
CREATE FUNCTION auth.begin_guess(p_door text, p_now timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE g auth.guess;
BEGIN
  INSERT INTO auth.guess (door, failures, pause_until) VALUES (p_door, 0, '-infinity')
    ON CONFLICT (door) DO NOTHING;
  SELECT * INTO g FROM auth.guess WHERE door = p_door FOR UPDATE;
  IF g.locked_at IS NOT NULL THEN RETURN 'locked'; END IF;
  IF g.pause_until > p_now THEN RETURN 'paused'; END IF;
  UPDATE auth.guess SET failures = g.failures + 1,
    pause_until = p_now + make_interval(secs => 2 ^ g.failures),
    locked_at = CASE WHEN g.failures = 4 THEN p_now END
    WHERE door = p_door;
  RETURN 'try';
END $$;

CREATE FUNCTION auth.end_guess(p_door text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  UPDATE auth.guess SET failures = 0, pause_until = '-infinity', locked_at = NULL
  WHERE door = p_door
$$;
"""

OWED = """
CREATE FUNCTION audit.owe_review_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE asked auth.role_grant;
BEGIN
  SELECT * INTO asked FROM auth.role_grant g WHERE g.id = NEW.grant_id;
  INSERT INTO audit.change_due (event, kind, code, before, after, by, by_is)
  VALUES ('role.confirm', 'role', asked.account_id || ':' || asked.role,
    audit.digest_of_role(asked, 'granted'),
    audit.digest_of(NEW.review_id, NEW.grant_id, NEW.reason), NEW.decided_by, 'staff');
  RETURN NULL;
END $$;
-- What is not kept is owed as `role.revoke`, by the row that ends it.
CREATE TRIGGER review_decision_owed AFTER INSERT ON auth.review_decision
  FOR EACH ROW WHEN (NEW.keep) EXECUTE FUNCTION audit.owe_review_decision();

CREATE FUNCTION audit.digest_of_break_glass(b auth.break_glass) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT audit.digest_of(b.id, b.account_id, b.opened_by, b.reason,
    extract(epoch FROM b.opened_at)::text, extract(epoch FROM b.ends_at)::text,
    extract(epoch FROM b.used_at)::text, extract(epoch FROM b.closed_at)::text, b.closed_by)
$$;

CREATE FUNCTION audit.owe_break_glass() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO audit.change_due (event, kind, code, before, after, by, by_is)
  VALUES (
    CASE WHEN TG_OP = 'INSERT' THEN 'breakglass.open'
         WHEN NEW.closed_at IS NOT NULL THEN 'breakglass.close'
         ELSE 'breakglass.enter' END,
    'breakglass', NEW.id,
    CASE TG_OP WHEN 'UPDATE' THEN audit.digest_of_break_glass(OLD) END,
    audit.digest_of_break_glass(NEW),
    CASE WHEN TG_OP = 'INSERT' THEN NEW.opened_by
         WHEN NEW.closed_at IS NOT NULL THEN NEW.closed_by
         ELSE NEW.account_id END,
    CASE WHEN NEW.closed_by LIKE 'keeper:%' THEN 'code' ELSE 'staff' END);
  RETURN NULL;
END $$;
CREATE TRIGGER break_glass_owed AFTER INSERT OR UPDATE ON auth.break_glass
  FOR EACH ROW EXECUTE FUNCTION audit.owe_break_glass();

CREATE FUNCTION audit.owe_judgement() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO audit.change_due (event, kind, code, after, by, by_is)
  VALUES ('breakglass.judge', 'breakglass', NEW.break_glass_id,
    audit.digest_of(NEW.break_glass_id, NEW.justified::text, NEW.reason), NEW.judged_by, 'staff');
  RETURN NULL;
END $$;
CREATE TRIGGER break_glass_judgement_owed AFTER INSERT ON auth.break_glass_judgement
  FOR EACH ROW EXECUTE FUNCTION audit.owe_judgement();
"""

HELD = """
CREATE OR REPLACE VIEW auth.role_held AS
  SELECT g.account_id, g.role, g.agency FROM auth.role_granted g
  WHERE g.valid_from <= statement_timestamp()
"""
EMERGENCY = f"""{HELD}
  UNION ALL
  SELECT b.account_id, 'break_glass', NULL FROM auth.break_glass b
  WHERE b.used_at IS NOT NULL AND b.closed_at IS NULL AND b.ends_at > statement_timestamp();
"""

APPEND_ONLY = ("review", "review_item", "review_decision", "break_glass_judgement")

GRANTS = """
REVOKE ALL ON FUNCTION auth.judge_review_decision, auth.open_review, auth.lapse_reviewed,
  auth.judge_break_glass, auth.judge_judgement, auth.begin_guess, auth.end_guess,
  audit.owe_review_decision, audit.digest_of_break_glass, audit.owe_break_glass,
  audit.owe_judgement FROM PUBLIC;
GRANT SELECT ON auth.review, auth.review_item, auth.break_glass, auth.guess TO motlan_app;
GRANT SELECT, INSERT ON auth.review_decision, auth.break_glass_judgement TO motlan_app;
GRANT UPDATE (secret_hash, used_at, closed_at, closed_by) ON auth.break_glass TO motlan_app;
GRANT EXECUTE ON FUNCTION auth.open_review, auth.lapse_reviewed, auth.begin_guess, auth.end_guess
  TO motlan_app;
"""

DOWNGRADE = f"""
DO $$ BEGIN IF EXISTS (SELECT FROM auth.break_glass b WHERE NOT EXISTS (
    SELECT FROM auth.break_glass_judgement j WHERE j.break_glass_id = b.id)) THEN
  RAISE EXCEPTION 'an emergency has not been judged: judge it before a downgrade';
END IF; END $$;
{HELD};
DROP FUNCTION auth.open_review, auth.lapse_reviewed;
DROP TABLE auth.break_glass_judgement, auth.review_decision, auth.review_item, auth.review;
DROP TRIGGER break_glass_owed ON auth.break_glass;
DROP FUNCTION audit.owe_judgement, audit.owe_break_glass, audit.digest_of_break_glass,
  audit.owe_review_decision;
DROP TABLE auth.break_glass, auth.guess;
DROP FUNCTION auth.end_guess, auth.begin_guess, auth.judge_judgement, auth.judge_break_glass,
  auth.judge_review_decision;
"""


def upgrade() -> None:
    """Create reviews, the last resort, and what each act owes."""
    for script in (REVIEWS, LAST_RESORT, OWED, EMERGENCY):
        op.execute(script)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON auth.{table} FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse_rewriting()"
        )
    op.execute(GRANTS)


def downgrade() -> None:
    """Drop them; refused while an emergency waits to be judged."""
    op.execute(DOWNGRADE)
