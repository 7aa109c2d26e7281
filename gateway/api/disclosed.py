"""What the routes of disclosure share: their bodies, their refusals, who acts."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State

from auth.people import Person
from gateway.api.bodies import invalid
from gateway.api.characters import HIDDEN, storable
from gateway.audit.acts import By
from gateway.disclosure.asking import Said
from gateway.disclosure.errors import (
    IndexDiffers,
    MoveRefused,
    ProofNotReady,
    SecondPersonMissing,
    TermsRefused,
    TextRefused,
    Unknown,
)
from gateway.errors import Code, Refusal
from gateway.problems import field_error

LARGEST_BODY = 65_536  # bytes; what the problem `body_too_large` says
JSON_DEPTH = 4
NO_STORE = {"Cache-Control": "no-store"}

Body = TypeVar("Body")
_TYPED = re.compile(r":(?:int|str)\}")

TEXTS: dict[str, tuple[str, str]] = {
    "length": ("Viết từ 3 đến 2.000 ký tự.", "Write 3 to 2,000 characters."),
    "digits": (
        "Không ghi dãy từ chín chữ số: có thể là số của một người, và người đọc không cần số đó.",
        "No nine digits in a row: they may be a person's number, and nobody needs it to answer.",
    ),
    "characters": HIDDEN,
}
TERMS: dict[str, tuple[str, str]] = {
    "ground": ("Không có căn cứ niêm phong này.", "There is no such ground for a seal."),
    "in_force": ("Căn cứ không có hiệu lực.", "The ground is not in force."),
    "targets": (
        "Nêu từ 1 đến 16 đối tượng có trong danh mục, đúng loại.",
        "Name 1 to 16 targets of that kind, known to the catalog.",
    ),
    "range": (
        "Khoảng thời gian phải có đầu trước cuối, và mở sau khi kết thúc.",
        "The range begins before it ends, and opens after it has ended.",
    ),
    "back": ("Bắt đầu quá xa về trước.", "It begins too far back."),
    "longest": ("Dài hơn thời hạn tối đa của căn cứ.", "Longer than the ground allows."),
    "agency": ("Tài khoản không thuộc cơ quan nào.", "The account belongs to no agency."),
}


@contextmanager
def refusing() -> Generator[None]:
    """Turn what disclosure raises into problems."""
    try:
        yield
    except Unknown:
        raise Refusal(Code.NOT_FOUND) from None
    except MoveRefused:
        raise Refusal(Code.MOVE_REFUSED) from None
    except SecondPersonMissing:
        raise Refusal(Code.SECOND_PERSON_MISSING) from None
    except ProofNotReady:
        raise Refusal(Code.PROOF_NOT_READY, retry_after_s=5) from None
    except IndexDiffers:
        raise Refusal(Code.INDEX_DIFFERS) from None
    except TextRefused as refused:
        vi, en = TEXTS.get(refused.reason, TEXTS["characters"])
        error = field_error("/text", refused.reason, vi, en)
        raise Refusal(Code.VALIDATION_FAILED, errors=[error]) from None
    except TermsRefused as refused:
        vi, en = TERMS.get(refused.limit, TERMS["range"])
        error = field_error(f"/{refused.limit}", "limit", vi, en)
        raise Refusal(Code.VALIDATION_FAILED, errors=[error]) from None


async def read(
    request: Request[Any, Any, State], decoder: "msgspec.json.Decoder[Body]"
) -> tuple[Body, bytes]:
    """Return the body as its struct, and as it came.

    Raises:
        Refusal: MALFORMED_JSON, VALIDATION_FAILED.
    """
    raw = await request.body()
    return storable(decoder, raw, JSON_DEPTH), raw


def by(person: Person) -> By:
    """Return who acts, as leaves are written of."""
    return By(id=person.id, agency=person.agency, acr=person.acr)


def said(person: Person, route: str, raw: bytes = b"") -> Said:
    """Return an act of *person*."""
    return Said(by=by(person), route=template(route), raw=raw)


def template(route: str) -> str:
    """Return *route* as leaves name it: ``/v1/seals/{seal}``, without the router's types."""
    return _TYPED.sub("}", route)


def number_of(person: Person) -> str:
    """Return the number that the sign-on proves; a citizen's token always carries one.

    Raises:
        Refusal: PERMISSION_MISSING, the token is nobody's in particular.
    """
    if person.so_dinh_danh is None:
        raise Refusal(Code.PERMISSION_MISSING)
    return person.so_dinh_danh


def bounded(limit: int, most: int) -> int:
    """Return *limit*; raise VALIDATION_FAILED unless it is 1 to *most*."""
    if not 1 <= limit <= most:
        raise invalid("/limit")
    return limit
