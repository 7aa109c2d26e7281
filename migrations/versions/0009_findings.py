"""Findings: what the rules noticed in the log, and what auditors made of it.

Why: who looks people up without need is found by counting what is usual for each official and
system; the counters follow from the log alone, the judgements are people's and stay.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE SCHEMA findings;

-- How far the follower came; whoever counts moves it in the same statement.
CREATE TABLE findings.cursor (
  one boolean CONSTRAINT cursor_pkey PRIMARY KEY CONSTRAINT cursor_one_check CHECK (one),
  next_index bigint NOT NULL CONSTRAINT cursor_next_index_check CHECK (next_index >= 0),
  at timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO findings.cursor (one, next_index, at) VALUES (true, 0, now());

-- What one official, system or agreement did on one local day, by kind; a few indexes of each.
CREATE TABLE findings.tally (
  scope text NOT NULL
    CONSTRAINT tally_scope_check CHECK (scope IN ('official', 'system', 'agreement')),
  actor text NOT NULL,
  day date NOT NULL,
  mark text NOT NULL,
  n bigint NOT NULL CONSTRAINT tally_n_check CHECK (n > 0),
  sample bigint[] NOT NULL CONSTRAINT tally_sample_check CHECK (cardinality(sample) <= 20),
  CONSTRAINT tally_pkey PRIMARY KEY (scope, actor, day, mark)
);
CREATE INDEX tally_day_ix ON findings.tally (day);

-- Whom they met on that day: pseudonyms, so that a person counts once.
CREATE TABLE findings.seen (
  scope text NOT NULL
    CONSTRAINT seen_scope_check CHECK (scope IN ('official', 'system')),
  actor text NOT NULL,
  mark text NOT NULL,
  day date NOT NULL,
  subject text NOT NULL CONSTRAINT seen_subject_check CHECK (subject ~ '^[a-z2-7]{32}$'),
  first_index bigint NOT NULL,
  CONSTRAINT seen_pkey PRIMARY KEY (scope, actor, mark, day, subject)
);
CREATE INDEX seen_day_ix ON findings.seen (day);

-- Days that were counted into and not judged since.
CREATE TABLE findings.due (
  scope text NOT NULL,
  actor text NOT NULL,
  day date NOT NULL,
  agency text,
  until bigint NOT NULL,
  CONSTRAINT due_pkey PRIMARY KEY (scope, actor, day)
);
CREATE INDEX due_day_ix ON findings.due (day, scope, actor);

CREATE TABLE findings.finding (
  id uuid CONSTRAINT finding_pkey PRIMARY KEY,
  rule text NOT NULL,
  scope text NOT NULL
    CONSTRAINT finding_scope_check CHECK (scope IN ('official', 'system', 'agreement')),
  actor text NOT NULL,
  agency text,
  about text NOT NULL,
  first_day date NOT NULL,
  last_day date NOT NULL,
  value bigint NOT NULL,
  usual double precision NOT NULL,
  threshold double precision NOT NULL,
  support integer NOT NULL CONSTRAINT finding_support_check CHECK (support >= 0),
  severity text NOT NULL
    CONSTRAINT finding_severity_check CHECK (severity IN ('low', 'medium', 'high')),
  sample bigint[] NOT NULL CONSTRAINT finding_sample_check CHECK (cardinality(sample) <= 20),
  raised_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'open'
    CONSTRAINT finding_state_check CHECK (state IN ('open', 'confirmed', 'dismissed')),
  judged_by text,
  judged_at timestamptz,
  -- A person wrote it: nine digits in a row may be somebody's number.
  reason text CONSTRAINT finding_reason_check
    CHECK (length(reason) BETWEEN 10 AND 2000 AND reason !~ '[0-9]{9}'),
  entry uuid,
  CONSTRAINT finding_days_check CHECK (first_day <= last_day),
  CONSTRAINT finding_judged_check CHECK ((state = 'open')
    = (judged_by IS NULL AND judged_at IS NULL AND reason IS NULL AND entry IS NULL)
    AND num_nulls(judged_by, judged_at, reason, entry) IN (0, 4))
);
CREATE INDEX finding_page_ix ON findings.finding (last_day DESC, id DESC);
CREATE INDEX finding_actor_ix ON findings.finding (scope, actor, last_day);

CREATE FUNCTION findings.judge_once() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state <> 'open' THEN
    RAISE EXCEPTION 'what was judged stays as it was judged'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER finding_judge_once BEFORE UPDATE OR DELETE ON findings.finding
  FOR EACH ROW EXECUTE FUNCTION findings.judge_once();
REVOKE ALL ON FUNCTION findings.judge_once FROM PUBLIC;

GRANT USAGE ON SCHEMA findings TO motlan_follower, motlan_auditor;
GRANT SELECT, UPDATE ON findings.cursor TO motlan_follower;
GRANT SELECT, INSERT, UPDATE, DELETE ON findings.tally, findings.seen, findings.due
  TO motlan_follower;
GRANT SELECT, INSERT ON findings.finding TO motlan_follower;
GRANT UPDATE (last_day, value, usual, threshold, support, severity, sample)
  ON findings.finding TO motlan_follower;
GRANT SELECT ON findings.cursor, findings.finding, findings.due TO motlan_auditor;
GRANT UPDATE (state, judged_by, judged_at, reason, entry) ON findings.finding TO motlan_auditor;
"""


def upgrade() -> None:
    """Create counters, empty, and the findings."""
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop them; refused once somebody judged a finding, for the log speaks of it."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM findings.finding WHERE state <> 'open') THEN "
        "RAISE EXCEPTION 'findings were judged: a downgrade does not drop judgements'; "
        "END IF; END $$"
    )
    op.execute("DROP SCHEMA findings CASCADE")
