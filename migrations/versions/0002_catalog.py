"""The catalog: versions that only grow, written by two people; rights follow in the same commit.

Why: a route exists only through a published version (promise P8), and what stands is kept by
triggers, so nobody can point `entry` at a version that was not published, rewrite one, or leave
`gateway.live_right` behind (P3).  A running gateway only reads; who publishes signs on as owner.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Key columns of each kind, beside those that every version has.
KINDS = {
    "agency": """
  kind text NOT NULL,
  parent text,
  name_vi text NOT NULL,
  CONSTRAINT agency_version_kind_check
    CHECK (kind IN ('state', 'public_service', 'enterprise')),
  CONSTRAINT agency_version_code_check CHECK (length(code) BETWEEN 1 AND 35)""",
    "dataset": """
  version text NOT NULL,
  owner text NOT NULL,
  source text NOT NULL,
  CONSTRAINT dataset_version_version_key UNIQUE (code, version)""",
    "element": """
  dataset text NOT NULL,
  personal_kind text NOT NULL,
  legal_letter text,
  grade smallint NOT NULL,
  CONSTRAINT element_version_grade_check CHECK (grade BETWEEN 1 AND 4),
  CONSTRAINT element_version_letter_check CHECK (personal_kind IN ('none', 'basic')
    OR (personal_kind = 'sensitive' AND legal_letter <> '' AND legal_letter IS NOT NULL))""",
    "basis": """
  instrument text NOT NULL,
  article text NOT NULL,
  mark text NOT NULL,
  kind text NOT NULL,
  valid_from date NOT NULL,
  valid_to date,
  CONSTRAINT basis_version_mark_check CHECK (mark IN ('V', 'V-ocr', 'S', 'K', 'D')),
  CONSTRAINT basis_version_validity_check CHECK (valid_to > valid_from)""",
    "purpose": """
  kind text NOT NULL,
  CONSTRAINT purpose_version_kind_check
    CHECK (kind IN ('procedure', 'statistics', 'proactive', 'third_party', 'own_data'))""",
    "rule": """
  "order" integer NOT NULL,
  answer text NOT NULL,
  mark text NOT NULL,
  CONSTRAINT rule_version_mark_check CHECK (mark IN ('V', 'V-ocr', 'S', 'K', 'D'))""",
    "service": """
  version text NOT NULL,
  owner text NOT NULL,
  dataset text NOT NULL,
  dataset_version text NOT NULL,
  source text NOT NULL,
  operation text NOT NULL,
  sunset timestamptz,
  CONSTRAINT service_version_operation_check
    CHECK (operation IN ('verify', 'status', 'select', 'bulk')),
  CONSTRAINT service_version_version_key UNIQUE (code, version)""",
    "procedure": """
  mark text NOT NULL,
  valid_from date NOT NULL,
  valid_to date,
  CONSTRAINT procedure_version_mark_check CHECK (mark IN ('V', 'V-ocr', 'S', 'K', 'D')),
  CONSTRAINT procedure_version_validity_check CHECK (valid_to > valid_from)""",
    "agreement": """
  provider text NOT NULL,
  consumer text NOT NULL,
  systems text[] NOT NULL,
  valid_from timestamptz NOT NULL,
  valid_to timestamptz NOT NULL,
  CONSTRAINT agreement_version_validity_check CHECK (valid_to > valid_from),
  CONSTRAINT agreement_version_systems_check CHECK (cardinality(systems) >= 1)""",
}
FIRST_STATE = {"service": "published", "agreement": "active"}

# sha256() is core since PostgreSQL 11: the digest is checked where it is kept.
VERSION_TABLE = """
CREATE TABLE catalog.{kind}_version (
  code text NOT NULL,
  rev bigint NOT NULL,{columns},
  digest text NOT NULL,
  document bytea NOT NULL,
  published_by text NOT NULL,
  approved_by text NOT NULL,
  published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT {kind}_version_pkey PRIMARY KEY (code, rev),
  CONSTRAINT {kind}_version_rev_check CHECK (rev >= 1),
  CONSTRAINT {kind}_version_digest_check CHECK (digest = encode(sha256(document), 'hex')),
  CONSTRAINT {kind}_version_two_people_check CHECK (
    btrim(published_by) <> '' AND btrim(approved_by) <> '' AND published_by <> approved_by)
);
CREATE TRIGGER {kind}_version_publish AFTER INSERT ON catalog.{kind}_version
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
  EXECUTE FUNCTION catalog.publish({arguments});
"""

FLOOR = """
CREATE SCHEMA catalog;

CREATE TABLE catalog.head (
  singleton boolean NOT NULL CONSTRAINT head_singleton_check CHECK (singleton),
  revision bigint NOT NULL,
  changed_at timestamptz NOT NULL,
  CONSTRAINT head_pkey PRIMARY KEY (singleton)
);
INSERT INTO catalog.head (singleton, revision, changed_at) VALUES (true, 0, now());

CREATE TABLE catalog.entry (
  kind text NOT NULL,
  code text NOT NULL,
  rev bigint NOT NULL,
  state text,
  revision bigint NOT NULL,
  CONSTRAINT entry_pkey PRIMARY KEY (kind, code),
  CONSTRAINT entry_state_check CHECK (CASE kind
    WHEN 'service' THEN coalesce(state IN ('published', 'deprecated', 'disabled', 'retired'), false)
    WHEN 'agreement' THEN coalesce(state IN ('active', 'suspended', 'terminated'), false)
    ELSE state IS NULL END)
);
CREATE INDEX entry_revision_index ON catalog.entry (revision);

CREATE TABLE catalog.state_event (
  id bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  code text NOT NULL,
  state text NOT NULL,
  reason text NOT NULL,
  decided_by text NOT NULL,
  approved_by text,
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT state_event_pkey PRIMARY KEY (id),
  CONSTRAINT state_event_kind_check CHECK (kind IN ('service', 'agreement')),
  CONSTRAINT state_event_reason_check CHECK (btrim(reason) <> ''),
  CONSTRAINT state_event_decided_by_check CHECK (btrim(decided_by) <> ''),
  CONSTRAINT state_event_two_people_check CHECK (
    approved_by IS NULL OR (btrim(approved_by) <> '' AND approved_by <> decided_by)),
  -- Stopping may be done alone and at once; letting data flow again takes two.
  CONSTRAINT state_event_opening_check CHECK (
    state NOT IN ('published', 'deprecated', 'active') OR approved_by IS NOT NULL)
);
CREATE INDEX state_event_entry_index ON catalog.state_event (kind, code, id);

CREATE FUNCTION catalog.next_revision() RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog AS $$
  -- The row lock makes revisions commit in their order: who reads 8 has seen all of 7.
  UPDATE catalog.head SET revision = revision + 1, changed_at = clock_timestamp()
  RETURNING revision
$$;

CREATE FUNCTION catalog.publish() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE reached bigint;
BEGIN
  PERFORM 1 FROM fresh;
  IF NOT FOUND THEN RETURN NULL; END IF;
  reached := catalog.next_revision();
  PERFORM 1 FROM fresh f
    LEFT JOIN catalog.entry e ON e.kind = TG_ARGV[0] AND e.code = f.code
    WHERE f.rev <> coalesce(e.rev, 0) + 1;
  IF FOUND THEN
    RAISE EXCEPTION 'versions are numbered without a gap'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_rev_follows';
  END IF;
  INSERT INTO catalog.entry AS e (kind, code, rev, state, revision)
    SELECT TG_ARGV[0], code, rev, TG_ARGV[1], reached FROM fresh
    ON CONFLICT (kind, code) DO UPDATE SET rev = excluded.rev, revision = excluded.revision;
  RETURN NULL;
END $$;

CREATE FUNCTION catalog.move() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE before text;
BEGIN
  SELECT state INTO before FROM catalog.entry
    WHERE kind = NEW.kind AND code = NEW.code FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such entry' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF before = 'terminated' THEN
    RAISE EXCEPTION 'a terminated agreement stays so'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'state_event_terminated_stays';
  END IF;
  UPDATE catalog.entry SET state = NEW.state, revision = catalog.next_revision()
    WHERE kind = NEW.kind AND code = NEW.code;
  RETURN NULL;
END $$;
CREATE TRIGGER state_event_move AFTER INSERT ON catalog.state_event
  FOR EACH ROW EXECUTE FUNCTION catalog.move();

CREATE FUNCTION catalog.refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""

SCOPES_AND_RIGHTS = """
CREATE TABLE catalog.agreement_scope (
  code text NOT NULL,
  rev bigint NOT NULL,
  id text NOT NULL,
  service text NOT NULL,
  elements text[] NOT NULL,
  purposes text[] NOT NULL,
  calls_per_day bigint,
  calls_per_minute bigint,
  persons_per_day bigint,
  CONSTRAINT agreement_scope_pkey PRIMARY KEY (code, rev, id),
  CONSTRAINT agreement_scope_version_fkey FOREIGN KEY (code, rev)
    REFERENCES catalog.agreement_version (code, rev),
  CONSTRAINT agreement_scope_elements_check CHECK (cardinality(elements) >= 1),
  CONSTRAINT agreement_scope_purposes_check CHECK (cardinality(purposes) >= 1),
  CONSTRAINT agreement_scope_quota_check CHECK (
    calls_per_day >= 1 AND calls_per_minute >= 1 AND persons_per_day >= 1)
);
CREATE INDEX agreement_scope_service_index ON catalog.agreement_scope (service);

CREATE FUNCTION catalog.keep_right() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE until timestamptz;
BEGIN
  IF NEW.kind = 'agreement' THEN
    SELECT valid_to INTO until FROM catalog.agreement_version
      WHERE code = NEW.code AND rev = NEW.rev;
    PERFORM gateway.set_right('agreement:' || NEW.code, NEW.rev, NEW.state = 'active', until);
  ELSE
    SELECT sunset INTO until FROM catalog.service_version
      WHERE code = NEW.code AND rev = NEW.rev;
    PERFORM gateway.set_right(
      'service:' || NEW.code, NEW.rev, NEW.state IN ('published', 'deprecated'), until);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_keep_right AFTER INSERT OR UPDATE ON catalog.entry
  FOR EACH ROW WHEN (NEW.kind IN ('service', 'agreement')) EXECUTE FUNCTION catalog.keep_right();
"""

APPEND_ONLY = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON catalog.{table}
  FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_rewriting();
GRANT SELECT ON catalog.{table} TO motlan_app;
"""

GRANTS = """
REVOKE ALL ON FUNCTION catalog.next_revision, catalog.publish, catalog.move,
  catalog.refuse_rewriting, catalog.keep_right FROM PUBLIC;
GRANT USAGE ON SCHEMA catalog TO motlan_app;
GRANT SELECT ON catalog.head, catalog.entry TO motlan_app;
"""


def upgrade() -> None:
    """Create the versions of nine kinds, what stands of them, and the triggers between."""
    op.execute(FLOOR)
    for kind, columns in KINDS.items():
        arguments = ", ".join(f"'{each}'" for each in (kind, FIRST_STATE.get(kind)) if each)
        op.execute(VERSION_TABLE.format(kind=kind, columns=columns, arguments=arguments))
    op.execute(SCOPES_AND_RIGHTS)
    for table in (*(f"{kind}_version" for kind in KINDS), "agreement_scope", "state_event"):
        op.execute(APPEND_ONLY.format(table=table))
    op.execute(GRANTS)


def downgrade() -> None:
    """Drop the catalog and its rights; their numbers would start anew and never be heeded."""
    op.execute("DROP SCHEMA catalog CASCADE")
    op.execute(
        "DELETE FROM gateway.live_right "
        "WHERE starts_with(key, 'service:') OR starts_with(key, 'agreement:')"
    )
