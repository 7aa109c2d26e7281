"""The tree: where each writer's sequence was folded to, tiles, checkpoints and cosignatures.

Why: one append-only Merkle tree over all writers lets strangers prove that nothing was rewritten
(promise P5); rows of the record itself are never touched.
Locks: none of length, new objects only.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROLES = ("motlan_auditor", "motlan_follower")

UPGRADE = """
CREATE TABLE audit.cursor (
  writer text CONSTRAINT cursor_pkey PRIMARY KEY,
  day date NOT NULL,
  next_seq bigint NOT NULL CONSTRAINT cursor_next_seq_check CHECK (next_seq >= 0),
  last_leaf bytea NOT NULL CONSTRAINT cursor_last_leaf_check CHECK (length(last_leaf) = 32),
  done boolean NOT NULL DEFAULT false
);
CREATE INDEX cursor_open_ix ON audit.cursor (day) WHERE NOT done;

-- Runs of indexes onto a writer's numbers: no row of the record is ever updated for its index.
CREATE TABLE audit.run (
  first_index bigint CONSTRAINT run_pkey PRIMARY KEY
    CONSTRAINT run_first_index_check CHECK (first_index >= 0),
  day date NOT NULL,
  writer text NOT NULL,
  first_seq bigint NOT NULL CONSTRAINT run_first_seq_check CHECK (first_seq >= 0),
  n bigint NOT NULL CONSTRAINT run_n_check CHECK (n > 0),
  CONSTRAINT run_writer_key UNIQUE (writer, first_seq)
);

-- The tile at the right edge is replaced as it grows; a narrower one is a prefix of it.
CREATE TABLE audit.tile (
  level smallint NOT NULL CONSTRAINT tile_level_check CHECK (level BETWEEN 0 AND 7),
  n bigint NOT NULL CONSTRAINT tile_n_check CHECK (n >= 0),
  data bytea NOT NULL CONSTRAINT tile_data_check
    CHECK (length(data) BETWEEN 32 AND 8192 AND length(data) % 32 = 0),
  CONSTRAINT tile_pkey PRIMARY KEY (level, n)
);
ALTER TABLE audit.tile ALTER COLUMN data SET STORAGE EXTERNAL;

-- The row every sequencer compares and swaps: safety rests on it alone.
CREATE TABLE audit.tree (
  one boolean CONSTRAINT tree_pkey PRIMARY KEY CONSTRAINT tree_one_check CHECK (one),
  size bigint NOT NULL CONSTRAINT tree_size_check CHECK (size >= 0),
  root bytea NOT NULL CONSTRAINT tree_root_check CHECK (length(root) = 32),
  term bigint NOT NULL,
  at timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit.tree (one, size, root, term, at) VALUES (true, 0, sha256(''::bytea), 0, now());

-- Who folds: for efficiency only.
CREATE TABLE audit.lease (
  one boolean CONSTRAINT lease_pkey PRIMARY KEY CONSTRAINT lease_one_check CHECK (one),
  holder text NOT NULL,
  term bigint NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit.lease (one, holder, term, until) VALUES (true, '', 0, now());

CREATE TABLE audit.checkpoint (
  size bigint CONSTRAINT checkpoint_pkey PRIMARY KEY,
  root bytea NOT NULL CONSTRAINT checkpoint_root_check CHECK (length(root) = 32),
  note text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX checkpoint_at_ix ON audit.checkpoint (at);

CREATE TABLE audit.cosignature (
  size bigint NOT NULL,
  witness text NOT NULL,
  line text NOT NULL,
  at timestamptz NOT NULL,
  CONSTRAINT cosignature_pkey PRIMARY KEY (size, witness)
);

-- What each witness said last, and when a quorum of them last stood behind our newest checkpoint.
-- Nothing is unwitnessed in an empty tree, so the clock starts here.
CREATE TABLE audit.witness (
  name text CONSTRAINT witness_pkey PRIMARY KEY,
  outcome text NOT NULL,
  size bigint NOT NULL CONSTRAINT witness_size_check CHECK (size >= 0),
  since timestamptz NOT NULL,
  asked_at timestamptz NOT NULL,
  cosigned_at timestamptz
);
CREATE TABLE audit.witnessed (
  one boolean CONSTRAINT witnessed_pkey PRIMARY KEY CONSTRAINT witnessed_one_check CHECK (one),
  size bigint NOT NULL CONSTRAINT witnessed_size_check CHECK (size >= 0),
  at timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit.witnessed (one, size, at) VALUES (true, 0, now());

GRANT USAGE ON SCHEMA audit, gateway TO motlan_auditor, motlan_follower;
GRANT USAGE ON SCHEMA audit TO motlan_app;
GRANT SELECT ON audit.cursor, audit.run, audit.tile, audit.tree, audit.lease, audit.checkpoint,
  audit.cosignature, audit.witness, audit.witnessed
  TO motlan_app, motlan_append, motlan_sequencer, motlan_retention, motlan_auditor, motlan_follower;
GRANT SELECT ON audit.writer, audit.entry, audit.detail TO motlan_auditor, motlan_follower;
GRANT INSERT, UPDATE ON audit.cursor, audit.tile TO motlan_sequencer;
GRANT INSERT ON audit.run TO motlan_sequencer;
GRANT UPDATE ON audit.tree, audit.lease TO motlan_sequencer;
GRANT INSERT, DELETE ON audit.checkpoint TO motlan_sequencer;
GRANT INSERT ON audit.cosignature TO motlan_sequencer;
GRANT INSERT, UPDATE, DELETE ON audit.witness TO motlan_sequencer;
GRANT UPDATE ON audit.witnessed TO motlan_sequencer;

-- Readiness compares it with the newest migration of the release.
GRANT SELECT ON alembic_version TO motlan_app;
"""


def upgrade() -> None:
    """Create the readers' roles when they are missing, then the tree's tables."""
    for role in ROLES:
        op.execute(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
            f"EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        op.execute(f"GRANT {role} TO CURRENT_USER")
    op.execute(UPGRADE)


def downgrade() -> None:
    """Drop the tree; refused once a checkpoint was signed, for somebody may hold it."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM audit.tree WHERE size > 0) THEN "
        "RAISE EXCEPTION 'checkpoints were signed: the tree is never dropped by a downgrade'; "
        "END IF; END $$"
    )
    op.execute(
        "DROP TABLE audit.witnessed, audit.witness, audit.cosignature, audit.checkpoint, "
        "audit.lease, audit.tree, audit.tile, audit.run, audit.cursor"
    )
    op.execute(
        "REVOKE ALL ON audit.writer, audit.entry, audit.detail FROM motlan_auditor, motlan_follower"
    )
    op.execute("REVOKE USAGE ON SCHEMA audit, gateway FROM motlan_auditor, motlan_follower")
    op.execute("REVOKE USAGE ON SCHEMA audit FROM motlan_app")
    op.execute("REVOKE SELECT ON alembic_version FROM motlan_app")
