"""A query as an export keeps it: every case and official already a pseudonym; pure."""

import msgspec

from gateway.search.sought import COLUMNS, Sought

_QUALIFIERS = {column: qualifier for qualifier, column in COLUMNS.items()}


def kept(sought: Sought) -> bytes:
    """Return *sought* as it is stored with the export; holds no identifier of a person."""
    return msgspec.json.encode(sought)


def restored(stored: bytes) -> Sought:
    """Return what `kept` stored."""
    return msgspec.json.decode(stored, type=Sought)


def told(sought: Sought) -> str:
    """Return *sought* in the language of the search, with pseudonyms where it was keyed."""
    parts = sorted(
        f"{'-' if each.negated else ''}{_QUALIFIERS[each.column]}:{','.join(each.values)}"
        for each in sought.conditions
    )
    if sought.subjects:
        parts.append(f"about {len(sought.subjects)} pseudonyms")
    if sought.indexes is not None:
        parts.append(f"{len(sought.indexes)} leaves")
    for name, at in (("after", sought.after), ("before", sought.before)):
        if at is not None:
            parts.append(f"{name}:{at.isoformat()}")
    return " ".join(parts)
