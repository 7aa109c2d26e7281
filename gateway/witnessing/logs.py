"""The logs that a witness was told about: a file of public keys, read again when it changes."""

from pathlib import Path

import structlog

from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.notes import NoteInvalid, NoteVerifier
from gateway.tlog.vkeys import Kind, parse_vkey
from gateway.witnessing.decisions import Logs
from gateway.witnessing.files import StoreUnusable, read

_OTHERS = {"witness", "group", "quorum"}  # lines of a policy that say nothing of logs

_log = structlog.get_logger(__name__)


def parse_logs(text: str) -> Logs:
    """Return the keys in *text*, by origin.

    A line is ``log <vkey>``, as in a C2SP tlog-policy, or the key alone; what such a policy says
    of witnesses is passed over, so that a log's own policy file serves.  Two lines with one name
    are two keys of one log: the key in use, and the next one.

    Raises:
        StoreUnusable: a line is neither; names its number.
    """
    logs: dict[str, list[NoteVerifier]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#") or words[0] in _OTHERS:
            continue
        try:
            verifier = _verifier(words[1] if words[0] == "log" and len(words) > 1 else words[0])
        except NoteInvalid as odd:
            raise StoreUnusable(f"line {number} is not a log's public key ({odd})") from None
        logs.setdefault(verifier.name, []).append(verifier)
    return logs


class LogsFile:
    """The file of logs; an operator adds a key to it without stopping the witness."""

    def __init__(self, path: Path) -> None:
        """Read *path* for the first time.

        Raises:
            StoreUnusable: it is missing, or a line is not a key.
        """
        self._path = path
        self._seen = self._stamp()
        self._logs = self._parsed()

    def current(self) -> Logs:
        """Return the keys; a file that became wrong changes nothing, and is reported once."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._logs = self._parsed()
                _log.info("logs.read_again", count=len(self._logs))
            except StoreUnusable as odd:
                _log.error("logs.unreadable", reason=str(odd))
        return self._logs

    def _parsed(self) -> Logs:
        text = read(self._path)
        if text is None:
            raise StoreUnusable(f"{self._path} is missing: one line `log <vkey>` for each log")
        try:
            return parse_logs(text)
        except StoreUnusable as odd:
            raise StoreUnusable(f"{self._path}: {odd}") from None

    def _stamp(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_ino, found.st_mtime_ns, found.st_size)


def _verifier(text: str) -> NoteVerifier:
    key = parse_vkey(text)
    if key.kind is Kind.COSIGNATURE_ED25519:
        raise NoteInvalid("a witness's key")
    return verifier_of(key)
