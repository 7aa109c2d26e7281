"""An answer for a person at a terminal: Vietnamese first, then English."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.calling.wire import Answer

EXPLAINED = ("next_vi", "title_en", "next_en")  # a problem of ours, in both languages
FOREIGN = ("detail", "error_description")  # somebody else's (RFC 9457, RFC 6749)
BASIS = ("instrument", "article", "mark")


def told(answer: Answer) -> str:
    """Return the lines that say what *answer* says: the values and their ground, or the problem."""
    return "\n".join(_record(answer) if answer.fine else _problem(answer))


def _record(answer: Answer) -> Iterator[str]:
    body = answer.body
    for name, value in body.get("record", {}).items():
        yield f"{name}: {_short(value)}{_source(body, name)}"
    for each in body.get("withheld", ()):
        yield f"giữ lại / withheld  {each['field']}: {_reason(each)}"
    for each in body.get("unavailable", ()):
        yield f"chưa có / unavailable  {each['field']}: {_reason(each)}"
    basis: Mapping[str, Any] = body.get("basis", {})
    if basis:
        yield f"căn cứ / basis  {', '.join(str(basis[n]) for n in BASIS if n in basis)}"
    receipt: Mapping[str, Any] = body.get("receipt", {})
    if receipt:
        yield f"bản ghi / record  {receipt.get('writer')} #{receipt.get('seq')}"
    yield f"lần trao đổi / exchange  {body.get('exchange_id', '')}"


def _source(body: Mapping[str, Any], name: str) -> str:
    found: Mapping[str, Any] = body.get("provenance", {}).get(name, {})
    source = found.get("source")
    return "" if source is None else f"   ← {source}"


def _reason(each: Mapping[str, Any]) -> str:
    reason: Mapping[str, Any] = each.get("reason") or {}
    said = reason.get("vi") or reason.get("en")
    return str(each["code"]) if said is None else f"{said} ({each['code']})"


def _problem(answer: Answer) -> Iterator[str]:
    body = answer.body
    code = body.get("code") or body.get("error") or "?"
    yield f"{answer.status} {code}: {body.get('title_vi') or body.get('title') or ''}".rstrip(": ")
    for name in EXPLAINED if "next_vi" in body else FOREIGN:
        if body.get(name):
            yield str(body[name])
    for member in body.get("errors", ()):
        yield f"  {_short(member)}"
    if body.get("exchange_id"):
        yield f"lần trao đổi / exchange  {body['exchange_id']}"


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
