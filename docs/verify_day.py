"""Check that a day's list is whole, without Một Lần: Python's standard library, no network.

   python verify_day.py day.json index.tlog-proof [line.tlog-proof ...]

`day.json` is the answer of /v1/own/days/{day}, `index.tlog-proof` that of .../proof, the others are
the proofs of the lines one has.  `verify_proof.py` checks each .tlog-proof itself.  Formats:
completeness.md, c2sp.org/tlog-proof, RFC 6962.
"""

import base64
import json
import sys
from hashlib import sha256
from pathlib import Path


def demand(holds: object, what: str) -> None:
    """End with a reason unless something *holds*."""
    if not holds:
        sys.exit(f"KHÔNG HỢP LỆ / NOT VALID: {what}")


def read_proof(path: str) -> tuple[int, bytes]:
    """Return index and record of a .tlog-proof; the record is what follows `extra`."""
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    demand(lines[0] == "c2sp.org/tlog-proof@v1" and lines[1][:6] == "extra ", f"{path}: a proof")
    demand(lines[2][:6] == "index ", f"{path}: an index")
    return int(lines[2][6:]), base64.b64decode(lines[1][6:], validate=True)


def root_over(entry: bytes, place: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root that *path* leads to from a leaf, RFC 9162 section 2.1.3.2."""
    at, last, reached = place, size - 1, sha256(b"\0" + entry).digest()
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            reached = sha256(b"\1" + sibling + reached).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            reached = sha256(b"\1" + reached + sibling).digest()
        at, last = at >> 1, last >> 1
    return reached if last == 0 else None


def stands(day: dict, told: dict) -> tuple[int, bytes, bytes]:
    """Return place, key and list of a member, once its path leads to the root of the day."""
    place, size = told["place"], day["size"]
    key, found = bytes.fromhex(told["key"]), bytes.fromhex(told["list"])
    path = [bytes.fromhex(each) for each in told["path"]]
    demand(isinstance(place, int) and 0 <= place < size, "a place in the index")
    demand(len(key) == len(found) == 32 and all(len(each) == 32 for each in path), "hashes")  # noqa: PLR2004 - bytes of SHA-256
    demand(root_over(key + found, place, size, path) == bytes.fromhex(day["root"]), "the path")
    return place, key, found


def check_person(day: dict, person: dict) -> list[tuple[int | None, str]]:
    """Return the items of one pseudonym, proven to be all that it has on the day."""
    name = f"motlan/index/key/1\n{day['day']}\n{person['pseudonym']}"
    key = sha256(name.encode("ascii")).digest()
    items = [(item.get("index"), item["hash"]) for item in person.get("items", [])]
    if items:
        hashes = sorted(bytes.fromhex(text) for _, text in items)
        whole = sha256(b"motlan/index/list/1\n" + key + b"".join(hashes)).digest()
        demand(stands(day, person["member"])[1:] == (key, whole), "the list is not the whole list")
        return items
    left, right, empty = person.get("left"), person.get("right"), sha256(b"").hexdigest()
    before, after = -1, day["size"]
    if left:
        before, low, _ = stands(day, left)
        demand(low < key, "the left neighbour")
    if right:
        after, high, _ = stands(day, right)
        demand(key < high, "the right neighbour")
    demand(left or right or (day["size"] == 0 and day["root"] == empty), "the empty index")
    demand(after == before + 1, "neighbours do not stand side by side")
    return []


def main() -> None:
    """Check everything that was given, and say what it means."""
    day = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    index, record = read_proof(sys.argv[2])
    leaf = json.loads(record)
    demand(index == day["index_leaf"] and leaf["type"] == "index.publish", "the record of the day")
    said = leaf["change"]["id"], leaf["change"]["rev"], leaf["change"]["hash"], leaf["n"]
    demand(said == (day["day"], day["rev"], day["root"], day["size"]), "what the log states")
    items = [item for person in day["people"] for item in check_person(day, person)]
    for path in sys.argv[3:]:
        at, entry = read_proof(path)
        item = sha256(f"motlan/index/item/1\n{at}\n".encode() + entry).hexdigest()
        demand((at, item) in items, f"{path} is not in the list")
    closed = sum(at is None for at, _ in items)
    print(
        f"HỢP LỆ / VALID: {day['day']}: {len(items)} dòng / records, {closed} niêm phong / sealed"
    )


if __name__ == "__main__":
    main()
