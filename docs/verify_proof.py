"""Check a .tlog-proof without Một Lần: Python's standard library and `cryptography`, no network.

    python verify_proof.py policy.txt one.tlog-proof

Formats: c2sp.org/tlog-proof, tlog-checkpoint, signed-note, tlog-cosignature, tlog-policy; RFC 6962.
"""

import base64
import hashlib
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

PLAIN, COSIGNED, ML_DSA = 1, 4, 6  # signature types


def demand(holds: object, what: str) -> None:
    """End with a reason unless something *holds*."""
    if not holds:
        sys.exit(f"KHÔNG HỢP LỆ / NOT VALID: {what}")


def read_policy(text: str) -> tuple[dict, dict, dict, str]:
    """Return logs and witnesses by name and key identifier, groups in order, and the quorum."""
    logs, witnesses, groups, quorum = {}, {}, {}, ""
    for line in text.splitlines():
        match line.split("#")[0].split():
            case ["log", key, *_]:
                logs[signer(key)] = key
            case ["witness", name, key, *_]:
                witnesses[signer(key)] = (name, key)
            case ["group", name, needed, *members]:
                count = {"all": len(members), "any": 1}.get(needed) or int(needed)
                groups[name] = (count, members)
            case ["quorum", quorum]:
                pass
    return logs, witnesses, groups, quorum


def signer(key: str) -> tuple[str, bytes]:
    """Return name and identifier of a public key, after the one is checked by the other."""
    name, shown, material = key.split("+", 2)
    digest = hashlib.sha256(f"{name}\n".encode() + base64.b64decode(material)).digest()
    demand(shown == digest[:4].hex(), f"the key of {name}")
    return name, digest[:4]


def signature_holds(key: str, signature: bytes, text: str) -> bool:
    """Tell whether *signature* is of *key* over the checkpoint *text*."""
    name, _, material = key.split("+", 2)
    kind, *_ = public = base64.b64decode(material)
    time, value, message = signature[:8], signature[8:], text.encode()
    if kind == PLAIN:
        value = signature
    elif kind == COSIGNED:
        message = b"cosignature/v1\ntime %d\n" % int.from_bytes(time, "big") + message
    elif kind == ML_DSA:
        origin, size, root = text.split("\n")[:3]
        message = b"subtree/v1\n\0" + b"".join(
            [counted(name), time, counted(origin), bytes(8), int(size).to_bytes(8, "big")]
        )
        message += base64.b64decode(root)
    reader = MLDSA44PublicKey if kind == ML_DSA else Ed25519PublicKey
    try:
        reader.from_public_bytes(public[1:]).verify(value, message)
    except InvalidSignature:
        return False
    return True


def counted(text: str) -> bytes:
    """Return a text behind its length in one byte."""
    return bytes([len(text.encode())]) + text.encode()


def root_of(entry: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Return the root that the path leads to; RFC 9162 section 2.1.3.2."""
    reached, last = hashlib.sha256(b"\0" + entry).digest(), size - 1
    demand(0 <= index <= last, "the index")
    for sibling in path:
        demand(last, "the length of the path")
        if index & 1 or index == last:
            reached = hashlib.sha256(b"\1" + sibling + reached).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            reached = hashlib.sha256(b"\1" + reached + sibling).digest()
        index, last = index >> 1, last >> 1
    demand(last == 0, "the length of the path")
    return reached


def main(policy: str, proof: str) -> None:
    """Say what the proof proves, or end with what is wrong."""
    logs, witnesses, groups, quorum = read_policy(Path(policy).read_text("utf-8"))
    head, text, lines = Path(proof).read_bytes().decode().split("\n\n")
    form, extra, index, *path = head.split("\n")
    demand(form == "c2sp.org/tlog-proof@v1" and extra[:6] == "extra ", "a proof with its entry")
    entry, text = base64.b64decode(extra[6:]), text + "\n"
    origin, size, root, *_ = text.split("\n")
    by_log, seen = False, set()
    for line in lines.splitlines():
        _, name, value = line.split(" ")
        who, signed = (name, base64.b64decode(value)[:4]), base64.b64decode(value)[4:]
        key = logs.get(who) or witnesses.get(who, (None, None))[1]
        demand(key is None or signature_holds(key, signed, text), f"a signature of {name}")
        by_log = by_log or (who in logs and name == origin)
        seen |= {witnesses[who][0]} if who in witnesses else set()
    witnessed = sorted(seen)
    demand(by_log, "the log has not signed")
    for name, (needed, members) in groups.items():
        seen |= {name} if len(seen & set(members)) >= needed else set()
    demand(quorum == "none" or quorum in seen, f"only {witnessed} have watched")
    reached = root_of(entry, int(index[6:]), int(size), [base64.b64decode(each) for each in path])
    demand(reached == base64.b64decode(root), "the entry is not in the log")
    sys.stdout.write(f"HỢP LỆ / VALID\n{origin} {size}, {index}, {' '.join(witnessed)}\n")
    sys.stdout.write(f"{entry.decode()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
