"""Disclosure: citizens' questions, seals, the completeness index.

Why: nobody seals alone, a question keeps its clock, and what was once said or published is never
rewritten; the index of a day is kept apart from the record that it speaks of (promises P7, P8).
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

PSEUDONYM = "'^[a-z2-7]{32}$'"
NUMBER = "'[0-9]{9,}'"  # may be a person's: stands in no text of ours

SEALS = f"""
CREATE SCHEMA disclosure;

CREATE TABLE disclosure.seal (
  id text CONSTRAINT seal_pkey PRIMARY KEY,
  ground text NOT NULL,
  kind text NOT NULL CONSTRAINT seal_kind_check
    CHECK (kind IN ('agency', 'system', 'official', 'dossier', 'person')),
  targets text[] NOT NULL CONSTRAINT seal_targets_check CHECK (
    cardinality(targets) BETWEEN 1 AND 64 AND array_position(targets, NULL) IS NULL
    AND (kind IN ('agency', 'system')
      OR array_to_string(targets, ',') ~ '^[a-z2-7]{{32}}(,[a-z2-7]{{32}})*$')),
  first timestamptz NOT NULL,
  last timestamptz NOT NULL,
  opens_at timestamptz NOT NULL,
  asked_by text NOT NULL CONSTRAINT seal_asked_by_check
    CHECK (btrim(asked_by) <> '' AND asked_by !~ {NUMBER}),
  agency text NOT NULL,
  reason text NOT NULL CONSTRAINT seal_reason_check
    CHECK (btrim(reason) <> '' AND reason !~ {NUMBER}),
  asked_at timestamptz NOT NULL,
  CONSTRAINT seal_asker_key UNIQUE (id, asked_by),
  CONSTRAINT seal_range_check CHECK (first < last AND last <= opens_at AND asked_at < opens_at),
  -- No ground gives more; each gives its own bound in the program.
  CONSTRAINT seal_longest_check CHECK (opens_at <= asked_at + interval '1826 days')
);

-- One decision for each seal.  The asker's name travels with the foreign key, so that the row
-- itself shows two different people, or the database refuses it.
CREATE TABLE disclosure.seal_decision (
  seal_id text CONSTRAINT seal_decision_pkey PRIMARY KEY,
  asked_by text NOT NULL,
  decided_by text NOT NULL CONSTRAINT seal_decision_by_check
    CHECK (btrim(decided_by) <> '' AND decided_by !~ {NUMBER}),
  approved boolean NOT NULL,
  reason text NOT NULL CONSTRAINT seal_decision_reason_check
    CHECK (btrim(reason) <> '' AND reason !~ {NUMBER}),
  at timestamptz NOT NULL,
  CONSTRAINT seal_decision_of_fkey FOREIGN KEY (seal_id, asked_by)
    REFERENCES disclosure.seal (id, asked_by),
  CONSTRAINT seal_decision_approved_key UNIQUE (seal_id, approved),
  CONSTRAINT seal_decision_two_people CHECK (NOT approved OR btrim(decided_by) <> btrim(asked_by))
);

-- Opening is for good; time opens a seal even without this row.
CREATE TABLE disclosure.seal_opening (
  seal_id text CONSTRAINT seal_opening_pkey PRIMARY KEY,
  approved boolean NOT NULL CONSTRAINT seal_opening_approved_check CHECK (approved),
  opened_by text CONSTRAINT seal_opening_by_check
    CHECK (btrim(opened_by) <> '' AND opened_by !~ {NUMBER}),
  reason text NOT NULL CONSTRAINT seal_opening_reason_check
    CHECK (btrim(reason) <> '' AND reason !~ {NUMBER}),
  at timestamptz NOT NULL,
  CONSTRAINT seal_opening_of_fkey FOREIGN KEY (seal_id, approved)
    REFERENCES disclosure.seal_decision (seal_id, approved)
);
"""

QUESTIONS = f"""
CREATE TABLE disclosure.question (
  id text CONSTRAINT question_pkey PRIMARY KEY,
  asker_ref text NOT NULL CONSTRAINT question_asker_check CHECK (asker_ref ~ {PSEUDONYM}),
  leaf_index bigint NOT NULL CONSTRAINT question_leaf_index_check CHECK (leaf_index >= 0),
  agency text NOT NULL,
  exchange text,
  text text NOT NULL CONSTRAINT question_text_check
    CHECK (char_length(text) BETWEEN 3 AND 2000 AND text !~ {NUMBER}),
  asked_at timestamptz NOT NULL,
  acknowledge_by timestamptz NOT NULL,
  answer_by timestamptz NOT NULL,
  rules text[] NOT NULL,
  CONSTRAINT question_once_key UNIQUE (asker_ref, leaf_index),
  CONSTRAINT question_clock_check CHECK (asked_at < acknowledge_by AND acknowledge_by <= answer_by)
);
CREATE INDEX question_agency_ix ON disclosure.question (agency, id);

CREATE TABLE disclosure.question_step (
  question_id text NOT NULL CONSTRAINT question_step_of_fkey REFERENCES disclosure.question (id),
  seq smallint NOT NULL CONSTRAINT question_step_seq_check CHECK (seq BETWEEN 1 AND 3),
  act text NOT NULL
    CONSTRAINT question_step_act_check CHECK (act IN ('acknowledge', 'answer', 'close')),
  at timestamptz NOT NULL,
  by_ref text NOT NULL CONSTRAINT question_step_by_check CHECK (by_ref ~ {PSEUDONYM}),
  text text,
  CONSTRAINT question_step_pkey PRIMARY KEY (question_id, seq),
  CONSTRAINT question_step_once_key UNIQUE (question_id, act),
  CONSTRAINT question_step_text_check CHECK ((act = 'answer') = (text IS NOT NULL)
    AND (text IS NULL OR (char_length(text) BETWEEN 3 AND 2000 AND text !~ {NUMBER})))
);

CREATE FUNCTION disclosure.judge_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  last disclosure.question_step;
BEGIN
  PERFORM 1 FROM disclosure.question q WHERE q.id = NEW.question_id FOR UPDATE;
  SELECT * INTO last FROM disclosure.question_step s
    WHERE s.question_id = NEW.question_id ORDER BY s.seq DESC LIMIT 1;
  IF last.act = 'close' OR (last.act = 'answer' AND NEW.act <> 'close') THEN
    RAISE EXCEPTION 'this step may not follow the one before'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'question_step_follows';
  END IF;
  NEW.seq := coalesce(last.seq, 0) + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER question_step_judged BEFORE INSERT ON disclosure.question_step
  FOR EACH ROW EXECUTE FUNCTION disclosure.judge_step();
"""

DAYS = """
-- How far the log was walked, and what is gathered of days that are not closed yet.
CREATE TABLE disclosure.walk (
  one boolean CONSTRAINT walk_pkey PRIMARY KEY CONSTRAINT walk_one_check CHECK (one),
  next_index bigint NOT NULL CONSTRAINT walk_next_index_check CHECK (next_index >= 0)
) WITH (fillfactor = 10);
INSERT INTO disclosure.walk (one, next_index) VALUES (true, 0);

CREATE TABLE disclosure.day_item (
  day date NOT NULL,
  key bytea NOT NULL CONSTRAINT day_item_key_check CHECK (length(key) = 32),
  leaf_index bigint NOT NULL,
  item bytea NOT NULL CONSTRAINT day_item_item_check CHECK (length(item) = 32),
  CONSTRAINT day_item_pkey PRIMARY KEY (day, key, leaf_index)
);

CREATE TABLE disclosure.day_index (
  day date NOT NULL,
  rev smallint NOT NULL CONSTRAINT day_index_rev_check CHECK (rev >= 1),
  size bigint NOT NULL CONSTRAINT day_index_size_check CHECK (size >= 0),
  root bytea NOT NULL CONSTRAINT day_index_root_check CHECK (length(root) = 32),
  records bigint NOT NULL CONSTRAINT day_index_records_check CHECK (records >= 0),
  built_at timestamptz NOT NULL,
  CONSTRAINT day_index_pkey PRIMARY KEY (day, rev)
);

CREATE TABLE disclosure.day_page (
  day date NOT NULL,
  rev smallint NOT NULL,
  number bigint NOT NULL CONSTRAINT day_page_number_check CHECK (number >= 0),
  first_key bytea NOT NULL,
  root bytea NOT NULL CONSTRAINT day_page_root_check CHECK (length(root) = 32),
  data bytea NOT NULL CONSTRAINT day_page_data_check
    CHECK (length(data) BETWEEN 64 AND 16384 AND length(data) % 64 = 0),
  CONSTRAINT day_page_pkey PRIMARY KEY (day, rev, number),
  CONSTRAINT day_page_key_key UNIQUE (day, rev, first_key)
);
ALTER TABLE disclosure.day_page ALTER COLUMN data SET STORAGE EXTERNAL;

-- Where the leaf stands that holds the root: written after it is durable.
CREATE TABLE disclosure.day_leaf (
  day date NOT NULL,
  rev smallint NOT NULL,
  entry_id text NOT NULL,
  writer_day date NOT NULL,
  writer text NOT NULL,
  seq bigint NOT NULL,
  CONSTRAINT day_leaf_pkey PRIMARY KEY (day, rev),
  CONSTRAINT day_leaf_of_fkey FOREIGN KEY (day, rev) REFERENCES disclosure.day_index (day, rev)
);
"""

APPEND_ONLY = ("seal", "seal_decision", "seal_opening", "question", "question_step", "day_index",
               "day_leaf")  # fmt: skip
REFUSE = """
CREATE FUNCTION disclosure.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege',
    CONSTRAINT = 'disclosure_append_only';
END $$;
"""

GRANTS = """
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA disclosure FROM PUBLIC;
GRANT USAGE ON SCHEMA disclosure TO motlan_app, motlan_auditor, motlan_follower;
GRANT SELECT, INSERT ON disclosure.seal, disclosure.seal_decision, disclosure.seal_opening,
  disclosure.question, disclosure.question_step TO motlan_app;
GRANT SELECT ON disclosure.day_index, disclosure.day_page, disclosure.day_leaf, disclosure.walk
  TO motlan_app, motlan_auditor;
GRANT SELECT ON disclosure.seal, disclosure.seal_decision, disclosure.seal_opening
  TO motlan_auditor, motlan_follower;
GRANT SELECT ON disclosure.question, disclosure.question_step TO motlan_follower;
GRANT INSERT ON disclosure.seal_opening TO motlan_follower;
GRANT SELECT, UPDATE ON disclosure.walk TO motlan_follower;
GRANT SELECT, INSERT, DELETE ON disclosure.day_item TO motlan_follower;
GRANT SELECT, INSERT ON disclosure.day_index, disclosure.day_leaf TO motlan_follower;
GRANT SELECT, INSERT, DELETE ON disclosure.day_page TO motlan_follower;
"""


def upgrade() -> None:
    """Create the schema, its rules and what each role may do in it."""
    for part in (SEALS, QUESTIONS, DAYS, REFUSE):
        op.execute(part)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON disclosure.{table} FOR EACH STATEMENT EXECUTE FUNCTION disclosure.refuse_change()"
        )
    op.execute(GRANTS)


def downgrade() -> None:
    """Drop the schema; refused while a seal was approved or a question asked."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM disclosure.seal_decision WHERE approved) "
        "OR EXISTS (SELECT FROM disclosure.question) THEN "
        "RAISE EXCEPTION 'people were promised an answer or an end: never dropped by a downgrade'; "
        "END IF; END $$"
    )
    op.execute("DROP SCHEMA disclosure CASCADE")
