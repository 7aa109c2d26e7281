"""A small building permit and an exchange that answers from a table."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, cast

from adapters.protocol import Match, Subject
from auth.possession.shown import Shown
from catalog.entries import (
    BasisCode,
    Check,
    Component,
    ElementCode,
    Feed,
    FormField,
    Operation,
    Place,
    Procedure,
    ServiceCode,
    ServiceVersion,
)
from catalog.snapshot import Snapshot
from gateway.audit.entry import Receipt
from gateway.errors import Refusal
from gateway.prefill.fill import Prefill, Request
from gateway.prefill.schemas import Field, PrefillBody, Prefilled
from gateway.stages.evidence import (
    Asked,
    Basis,
    Identified,
    Provenance,
    Recorded,
    Reply,
    Withheld,
)
from tests.builders import (
    NOON,
    a_principal,
    a_procedure,
    a_scope,
    a_service,
    a_snapshot,
    a_subject,
    an_agreement,
)

PERMIT = "1.013225"
VERIFY, LOOKUP, MARRIED = map(ServiceCode, ("dancu.xacthuc", "dancu.tracuu", "dancu.honnhan"))
TITLE, HOLDER, PARCEL = map(ServiceCode, ("datdai.gcn", "datdai.xacminhchu", "datdai.thua"))
PERSON = ("so_dinh_danh", "ho_ten", "ngay_sinh")
SHAPES: dict[ServiceCode, tuple[Operation, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    VERIFY: (Operation.VERIFY, ("khop",), PERSON, ()),
    LOOKUP: (Operation.SELECT, ("ho_ten", "thuong_tru", "gioi_tinh"), PERSON, ()),
    MARRIED: (Operation.STATUS, ("tinh_trang_hon_nhan", "gioi_tinh"), PERSON, ()),
    TITLE: (
        Operation.SELECT,
        ("so_phat_hanh", "ngay_cap", "chu_su_dung", "thua_dat"),
        ("so_dinh_danh", "ho_ten"),
        ("so_phat_hanh",),
    ),
    HOLDER: (Operation.VERIFY, ("khop",), ("so_dinh_danh", "ho_ten", "so_phat_hanh"), ()),
    PARCEL: (Operation.SELECT, ("dien_tich",), ("ma_xa", "so_to", "so_thua"), ()),
}


def a_field(
    code: str, service: str | None = None, element: str | None = None, **more: object
) -> FormField:
    """Return one field of a form, filled from *element* of *service*."""
    members: dict[str, Any] = {
        "code": code,
        "label_vi": code,
        "label_en": code,
        "service": service,
        "element": element,
    }
    return FormField(**(members | more))  # type: ignore[arg-type]


FORM = (
    a_field("chu.ho_ten", VERIFY, "khop", confirms="ho_ten", component="cccd"),
    a_field("chu.thuong_tru", LOOKUP, "thuong_tru"),
    a_field("chu.gioi_tinh", MARRIED, "gioi_tinh", alternatives=((LOOKUP, "gioi_tinh"),)),
    a_field("dat.so_phat_hanh", TITLE, "so_phat_hanh", component="gcn"),
    a_field("dat.so_thua", TITLE, "thua_dat", path="so_thua", component="gcn"),
    a_field("dat.la_chu", HOLDER, "khop", component="gcn"),
    a_field("cong_trinh.ten"),
)
FEEDS = (
    Feed(
        service=HOLDER,
        member="so_phat_hanh",
        source=TITLE,
        element=ElementCode("so_phat_hanh"),
    ),
)
CHECKS = (
    Check(
        code="ten_chu",
        label_vi="Tên chủ sử dụng đất khác tên trong dữ liệu dân cư",
        label_en="The land holder's name differs",
        left=Place(element="ho_ten"),
        right=Place(service=TITLE, element="chu_su_dung", path="ho_ten"),
        compare="among",
        fields=("dat.so_phat_hanh",),
    ),
)
PAPERS = (
    Component(
        code="gcn",
        name_vi="Bản sao giấy chứng nhận",
        name_en="Copy of the certificate",
        replaced_by=(TITLE,),
        basis=BasisCode("nd217-2026-d7k3"),
        announced=date(2026, 7, 1),
    ),
    Component(code="ban_ve", name_vi="Bản vẽ", name_en="Drawings"),
)


def the_permit(**more: object) -> Procedure:
    """Return the building permit with a form of seven fields."""
    listed = {code: frozenset(map(ElementCode, shape[1])) for code, shape in SHAPES.items()}
    members: dict[str, object] = {
        "form": FORM,
        "feeds": FEEDS,
        "checks": CHECKS,
        "components": PAPERS,
        "elements": listed,
    }
    return a_procedure(**(members | more))  # type: ignore[arg-type]


def the_services() -> dict[ServiceCode, ServiceVersion]:
    """Return the services that the form draws on."""
    return {
        code: a_service(
            code=code,
            operation=operation,
            elements=frozenset(elements),
            subject=subject,
            subject_optional=optional,
            dataset="csdl.dancu" if code.startswith("dancu") else "csdl.datdai",
        )
        for code, (operation, elements, subject, optional) in SHAPES.items()
    }


def the_snapshot(procedure: Procedure | None = None, **more: object) -> Snapshot:
    """Return a catalog in which the one-stop system may ask every service."""
    scopes = tuple(
        a_scope(id=code, service=code, elements=frozenset(shape[1]))
        for code, shape in SHAPES.items()
    )
    members: dict[str, object] = {
        "procedures": {PERMIT: procedure or the_permit()},
        "services": the_services(),
    }
    return a_snapshot(an_agreement(*scopes), **(members | more))  # type: ignore[arg-type]


ANSWERS: dict[ServiceCode, dict[str, Any]] = {
    VERIFY: {"khop": True},
    LOOKUP: {"thuong_tru": {"chi_tiet": "Số 12 đường Bến Nghè", "ma_xa": "99003"}},
    MARRIED: {"gioi_tinh": "nu"},
    TITLE: {
        "so_phat_hanh": "AA 00419027",
        "chu_su_dung": [{"ho_ten": "Nguyễn Thị Ánh"}],
        "thua_dat": [{"so_to": "12", "so_thua": "207"}],
    },
    HOLDER: {"khop": True},
}


def a_reply(asked: Asked, values: Mapping[str, Any], **more: object) -> Reply:
    """Return the reply to *asked*: of *values* what it asked for."""
    kept = {name: value for name, value in values.items() if name in asked.fields}
    dataset = "csdl.dancu" if asked.service.startswith("dancu") else "csdl.datdai"
    members: dict[str, Any] = {
        "exchange_id": asked.exchange_id,
        "service": asked.service,
        "service_version": "1.0.0",
        "match": Match.EXACT,
        "record": kept,
        "provenance": dict.fromkeys(kept, Provenance(dataset, "1.0.0", NOON)),
        "basis": Basis(kind="law", code="nd217-2026-d7k3"),
        "withheld": (),
        "unavailable": tuple(
            Withheld(name, "not_on_record") for name in asked.fields if name not in kept
        ),
        "receipt": Receipt(entry_id=f"entry-{asked.exchange_id}", writer="w", seq=1, leaf="0"),
    }
    return Reply(**(members | more))  # type: ignore[arg-type]


class FakeExchange:
    """Answers from a table; a refusal in it is raised, a callable decides by itself."""

    def __init__(self, answers: dict[ServiceCode, Any] | None = None) -> None:
        self._answers: dict[str, Any] = {str(code): each for code, each in ANSWERS.items()}
        self._answers |= answers or {}
        self.asked: list[Asked] = []

    async def __call__(self, asked: Asked) -> Recorded:
        """Answer *asked* as the pipeline would."""
        self.asked.append(asked)
        answer = self._answers[asked.service]
        if callable(answer):
            answer = await cast("Callable[[Asked], Any]", answer)(asked)
        if isinstance(answer, Refusal):
            raise answer
        reply = answer if isinstance(answer, Reply) else a_reply(asked, answer)
        return Recorded(cast("Any", None), reply, b"{}")

    def answer(self, service: ServiceCode, answer: object) -> None:
        """Answer *service* by *answer* from now on."""
        self._answers[service] = answer

    def of(self, service: ServiceCode) -> Asked:
        """Return the one question that *service* was asked."""
        (one,) = [each for each in self.asked if each.service == service]
        return one


async def known(asked: Asked) -> Identified:
    """Believe everybody to be the commune's one-stop system."""
    return Identified(asked, a_principal())


async def nobody_is_turned_away(_asked: Asked, _refused: Refusal) -> None:
    """Record nothing."""


def a_prefill(
    exchange: FakeExchange | None = None, snapshot: Snapshot | None = None, **more: object
) -> Prefill:
    """Return the use case over *exchange* and *snapshot*."""
    catalog = snapshot or the_snapshot()
    numbers = iter(range(1, 1000))
    members: dict[str, Any] = {
        "authenticate": known,
        "exchange": exchange or FakeExchange(),
        "turn_away": nobody_is_turned_away,
        "snapshot": lambda: catalog,
        "new_id": lambda: f"exchange-{next(numbers)}",
    }
    return Prefill(**(members | more))  # type: ignore[arg-type]


def a_request(subject: Subject | None = None, wait_s: float = 3.0, **more: object) -> Request:
    """Return the question for the whole form of the permit."""
    body: dict[str, Any] = {"subject": subject or a_subject(), "dossier": "HS-1"}
    outer = {name: more.pop(name) for name in ("procedure", "token", "raw") if name in more}
    members: dict[str, Any] = {
        "procedure": PERMIT,
        "token": "token",
        "shown": Shown(method="POST", url="https://lgsp.example/v1/prefill/x"),
        "request_id": "request",
        "at": NOON,
        "deadline": asyncio.get_running_loop().time() + wait_s,
    }
    return Request(body=PrefillBody(**(body | more)), **(members | outer))  # type: ignore[arg-type]


def field(filled: Prefilled, code: str) -> Field:
    """Return one field of the answer."""
    (one,) = [each for each in filled.fields if each.code == code]
    return one


async def filled_from(
    answers: dict[Any, object] | None = None, typed: dict[str, Any] | None = None
) -> Prefilled:
    """Return the form filled from *answers* instead of the usual ones."""
    return await a_prefill(FakeExchange(answers))(a_request(typed=typed or {}))
