"""The operations of the population register: what each asks beside the person, and answers."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

from msgspec import Struct

from adapters import population_answers as said
from adapters.client import QuestionRefused, SourceReply, accepted
from adapters.errors import (
    SourceMalformed,
    SourceSchemaMismatch,
    SourceUnavailable,
    SubjectUnknown,
)
from adapters.protocol import Json, Match, Query, Record
from adapters.shapes import instant_of, record
from adapters.soap import CONTENT_TYPE, Element, SoapFault, opened

SOURCE = "population"
NAMESPACE = "http://dancuquocgia.bca"

_OUR_FAULTS = frozenset({"MAU_SAI", "CAN_BO", "DVC", "TICH_HOP", "KHONG_MO"})
_SUBJECT_IS = {"1": "adult", "2": "child", "3": "incapable", "4": "deceased"}
_HEAD = ("MaYeuCau", "MaGiaoDich", "MaKetQua", "ThongBao", "ThoiDiem")
_TAIL = ("SoDinhDanhHienTai", "DienChuThe")
_NUMBER = re.compile(r"[0-9]{12}")
_YES_OR_NO = re.compile("[01]")
_RESULT = re.compile("0[01]")
_SUBJECT_KIND = re.compile("[1-4]")
_LIVING = re.compile("[1-3]")
_MARRIED = re.compile("[0-4]")


class Operation(Struct, frozen=True):
    """One operation of the register, and which elements its own part of the answer has."""

    name: str
    code: str  # MaTichHop
    answer: tuple[str, ...]
    read: Callable[["Answer", Query], tuple[dict[str, Json], str | None]]
    more: Callable[[Query], list[tuple[str, str]]] = lambda _: []
    verifies: bool = False


class Answer(Struct, frozen=True):
    """The common part of every answer, checked, and the operation's own part."""

    recognised: bool
    upstream_id: str
    at: str
    current: str | None
    subject_is: str
    own: said.Parts
    data: tuple[Element, ...]  # elements of the data namespace


def _commune(query: Query) -> list[tuple[str, str]]:
    if query.subject.ma_xa is None:
        raise QuestionRefused(SOURCE, "question without a commune")
    day = query.subject.ngay_dia_gioi
    return [("MaPhuongXa", query.subject.ma_xa), *([("NgayDiaGioi", day)] if day else [])]


def _wanted(query: Query) -> list[tuple[str, str]]:
    return [("TruongThongTin", said.wanted(query.fields, query.subject))]


def _verdict(answer: Answer, query: Query) -> tuple[dict[str, Json], str | None]:
    del query
    yes = said.need(answer.own, "KetQua", _YES_OR_NO) == "1"
    if yes and not answer.recognised:
        raise said.drift()
    return {"khop": yes}, None


def _living(answer: Answer, query: Query) -> tuple[dict[str, Json], str | None]:
    del query
    return {"tinh_trang_song": said.need(answer.own, "TinhTrangSong", _LIVING)}, None


def _marriage(answer: Answer, query: Query) -> tuple[dict[str, Json], str | None]:
    said.need(answer.own, "TinhTrangHonNhan", _MARRIED)
    spouse = said.relative(answer.data[0]) if answer.data else None
    if spouse is not None and spouse.get("so_dinh_danh") == query.subject.so_dinh_danh:
        raise said.drift()  # nobody is their own spouse
    status = said.code(answer.own, "TinhTrangHonNhan", _MARRIED)
    return {"tinh_trang_hon_nhan": status, "vo_chong": spouse}, None


def _citizen(answer: Answer, query: Query) -> tuple[dict[str, Json], str | None]:
    if len(answer.data) != 1 or len(answer.data[0].children) != 1:
        raise said.drift()
    return said.citizen(answer.data[0].children[0], query.subject, answer.current)


def _household(answer: Answer, query: Query) -> tuple[dict[str, Json], str | None]:
    if not answer.data:
        return {"chu_ho": None, "thanh_vien": None}, None
    return said.household(answer.data[0], query.subject, answer.current), None


OPERATIONS: Mapping[str, Operation] = {
    "dancu.xacthuc": Operation(
        "XacThucThongTinCongDan", "001", ("KetQua",), _verdict, verifies=True
    ),
    "dancu.xacminhnoio": Operation(
        "XacMinhThongTinNoiOHienTai", "005", ("KetQua",), _verdict, _commune, verifies=True
    ),
    "dancu.honnhan": Operation(
        "XacMinhTinhTrangHonNhan", "006", ("TinhTrangHonNhan", "VoChong"), _marriage
    ),
    "dancu.tinhtrangsong": Operation(
        "XacMinhTinhTrangChetMatTich", "007", ("TinhTrangSong", "TuNgay"), _living
    ),
    "dancu.tracuu": Operation(
        "TraCuuThongTinCongDan", "037", ("CongdanCollection",), _citizen, _wanted
    ),
    "dancu.hogiadinh": Operation("CungCapThongTinHoGiaDinh", "039", ("HoGiaDinh",), _household),
}
_MEMBERS: Mapping[str, Mapping[str, str]] = {
    each.name: said.names(NAMESPACE, *_HEAD, *_TAIL, *each.answer) for each in OPERATIONS.values()
}


def told(reply: SourceReply, operation: Operation, query: Query) -> Record:
    """Return what *reply* says, in the catalog's words.

    Raises:
        SubjectUnknown: no match, for whatever reason.
        QuestionRefused: the register does not take our account, code or form.
        SourceUnavailable: the register's own fault.
        SourceMalformed: no SOAP; SourceSchemaMismatch: another shape, question or person.
    """
    answer = _answer(_content(reply), operation, query)
    if not answer.recognised and not operation.verifies:
        raise SubjectUnknown(SOURCE, "no match", upstream_id=answer.upstream_id)
    values, changed = operation.read(answer, query)
    said_of_it = Record(
        values=values,
        as_of=instant_of(SOURCE, changed or answer.at),
        match=_match(answer, values),
        upstream_id=answer.upstream_id,
        current_so_dinh_danh=answer.current,
        subject_is=answer.subject_is,
    )
    return record(query, said_of_it)


def _match(answer: Answer, values: Mapping[str, Json]) -> Match:
    if not answer.recognised or values.get("khop") is False:
        return Match.NONE
    return Match.EXACT if answer.current is None else Match.SUPERSEDED


def _content(reply: SourceReply) -> Element:
    """Return the body element of a 200; name a fault, a refusal of the bus and all else."""
    if reply.status == HTTPStatus.INTERNAL_SERVER_ERROR and CONTENT_TYPE in reply.content_type:
        content = opened(SOURCE, reply.body)
        if not isinstance(content, SoapFault):
            raise SourceMalformed(SOURCE, "a failure that is no fault")
    else:
        content = opened(SOURCE, accepted(SOURCE, reply, CONTENT_TYPE))
    if isinstance(content, SoapFault):
        raise _fault(content)
    return content


def _fault(fault: SoapFault) -> SourceUnavailable:
    detail = fault.detail.child(f"{{{NAMESPACE}}}LoiDanCu") if fault.detail else None
    error = detail.child(f"{{{NAMESPACE}}}MaLoi") if detail else None
    if error is not None and error.text in _OUR_FAULTS:
        return QuestionRefused(SOURCE, f"refused: {error.text}")
    return SourceUnavailable(SOURCE, "fault of the register")


def _answer(content: Element, operation: Operation, query: Query) -> Answer:
    """Return the checked common part; it must echo our own request number."""
    if content.name != f"{{{NAMESPACE}}}{operation.name}Response":
        raise SourceSchemaMismatch(SOURCE, "answer of another operation")
    data = tuple(each for each in content.children if each.name.startswith(f"{{{said.DATA}}}"))
    if any(each.name.rpartition("}")[2] not in operation.answer for each in data) or len(data) > 1:
        raise said.drift()
    rest = tuple(each for each in content.children if each not in data)
    own = said.parts(rest, _MEMBERS[operation.name])
    if said.need(own, "MaYeuCau") != query.exchange_id:
        raise SourceSchemaMismatch(SOURCE, "answer to another question")
    return Answer(
        recognised=said.need(own, "MaKetQua", _RESULT) == "00",
        upstream_id=said.need(own, "MaGiaoDich"),
        at=said.need(own, "ThoiDiem"),
        current=said.text(own, "SoDinhDanhHienTai", _NUMBER),
        subject_is=_SUBJECT_IS[said.text(own, "DienChuThe", _SUBJECT_KIND) or "1"],
        own=own,
        data=data,
    )
