"""The statement that judges the rights of a batch and stores it, written out for one size.

Small batches go as plain values: the driver looks at every element of an array, and the server
walks it with a plan of its own, which costs a single record as much as its own storing.
"""

from functools import lru_cache

from gateway.audit.chain import Linked
from gateway.rights import Right

MOST_PLAIN = 32  # records; larger batches go as arrays

# A right at revision 0 stands until a row says otherwise, see `gateway.rights`.
_GONE = """
LEFT JOIN gateway.live_right AS r ON r.key = w.key
WHERE CASE w.rev WHEN 0 THEN NOT r.live ELSE r.key IS NULL OR NOT r.live OR r.rev <> w.rev
  OR r.valid_to <= statement_timestamp() END
"""
# Rights come as the text of two arrays: the server reads it for less than the driver takes to
# encode arrays.  They are unfolded in a select list, where rows need no store of their own.
_NAMED = "(SELECT unnest($4::text::text[]) AS key, unnest($5::text::bigint[]) AS rev) AS w"
_STAND = "NOT EXISTS (SELECT FROM " + _NAMED + _GONE + ")"
# One snapshot judges the rights and decides the insert: nothing fits between the two (P3).
_STORE = "INSERT INTO audit.entry (day, writer, seq, entry, leaf) SELECT $1, $2, {} WHERE {}"
_ONE = "$3::bigint, $6::bytea, $7::bytea"
_MANY = """$3::bigint + e.place - 1, e.entry, e.leaf
FROM unnest($6::bytea[], $7::bytea[]) WITH ORDINALITY AS e (entry, leaf, place)"""
_FEW = "v.seq, v.entry, v.leaf FROM (VALUES {}) AS v (seq, entry, leaf)"
_DEAD = """
SELECT w.place
FROM unnest($4::text::text[], $5::text::bigint[]) WITH ORDINALITY AS w (key, rev, place)
"""
# For a batch that was not stored.  Its rights may stand again by now, so that asking for the dead
# alone could go on for ever: here both answers come from one snapshot, and one of them is given.
_DECIDING = """
WITH dead AS MATERIALIZED ({}), stored AS ({} RETURNING 1)
SELECT (SELECT count(*) FROM stored), array(SELECT place FROM dead ORDER BY place)
"""
DECIDING = _DECIDING.format(_DEAD + _GONE, _STORE.format(_MANY, "NOT EXISTS (SELECT FROM dead)"))


def is_plain(count: int) -> bool:
    """Tell whether a batch of *count* records goes as plain values."""
    return count <= MOST_PLAIN


def storing(count: int) -> str:
    """Return the statement for *count* records; beyond `MOST_PLAIN` it takes any number.

    Its parameters are the day, the writer, the first number, `named` rights, then `given` records.
    It stores all of them, or none when a right is dead.
    """
    if count == 1:
        return _STORE.format(_ONE, _STAND)
    if not is_plain(count):
        return _STORE.format(_MANY, _STAND)
    values = ", ".join(
        f"($3::bigint + {place}, ${6 + place}::bytea, ${6 + count + place}::bytea)"
        for place in range(count)
    )
    return _STORE.format(_FEW.format(values), _STAND)


def given(linked: Linked) -> list[object]:
    """Return the records of *linked* as the statement of their number takes them."""
    if not is_plain(len(linked.entries)):
        return [linked.entries, linked.leaves]
    return [*linked.entries, *linked.leaves]


@lru_cache(maxsize=512)  # callers come back, with the same rights and the same question
def named(rights: tuple[Right, ...]) -> tuple[str, str]:
    """Return the keys and the revisions of *rights*, each as the text of an array."""
    keys = ",".join([f'"{_escaped(right.key)}"' for right in rights])
    revs = ",".join([str(right.rev) for right in rights])
    return f"{{{keys}}}", f"{{{revs}}}"


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace('"', '\\"')
