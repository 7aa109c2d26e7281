"""When two spellings of an address are the same address (RFC 3986 sections 6.2.2 and 6.2.3)."""

import re
from urllib.parse import urlsplit

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS = {"http": 80, "https": 443}
_LONGEST = 2048


def same_address(claimed: str, real: str) -> bool:
    """Say whether *claimed* names *real*, which is an address of ours in its usual spelling.

    Query and fragment of *claimed* do not count (RFC 9449 section 4.3, item 9).
    """
    if claimed == real:
        return True
    return len(claimed) <= _LONGEST and normalised(claimed) == normalised(real) is not None


def normalised(address: str) -> str | None:
    """Return scheme, host, port and path in one spelling; None when it is no web address."""
    if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    usual = _PORTS.get(parts.scheme)
    if usual is None or not parts.hostname or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    where = host if port in {None, usual} else f"{host}:{port}"
    return f"{parts.scheme}://{where}{_without_dots(_ESCAPE.sub(_unescaped, parts.path or '/'))}"


def _unescaped(escape: re.Match[str]) -> str:
    """Write what needs no escape as itself, and every other escape in capitals."""
    character = chr(int(escape.group(1), 16))
    return character if character in _UNRESERVED else escape.group().upper()


def _without_dots(path: str) -> str:
    """Resolve the steps `.` and `..` (RFC 3986 section 5.2.4)."""
    steps: list[str] = []
    *before, last = path.split("/")[1:]
    for step in before:
        _step(steps, step)
    if last in {".", ".."}:
        _step(steps, last)
        last = ""
    return "/" + "/".join([*steps, last])


def _step(steps: list[str], step: str) -> None:
    if step == "..":
        del steps[-1:]
    elif step != ".":
        steps.append(step)
