"""What the population register's elements become, and what is refused."""

import pytest

from adapters.client import QuestionRefused, SourceReply
from adapters.errors import SourceSchemaMismatch, SourceUnavailable, SubjectUnknown
from adapters.population_operations import OPERATIONS, told
from adapters.protocol import Match, Query, Record, Subject
from catalog.entries import Operation, ServiceCode

ANH = Subject(so_dinh_danh="003190000123", ho_ten="Nguyễn Thị Ánh", ngay_sinh="1990-02-01")
SPACES = 'xmlns:b="http://dancuquocgia.bca" xmlns:d="http://www.mic.gov.vn/dancu/1.0"'
HEAD = (
    "<b:MaYeuCau>e-1</b:MaYeuCau><b:MaGiaoDich>dc-1</b:MaGiaoDich><b:MaKetQua>00</b:MaKetQua>"
    "<b:ThongBao>x</b:ThongBao><b:ThoiDiem>2026-11-21T08:00:00+07:00</b:ThoiDiem>"
)
NUMBER = "<d:SoDinhDanh>003190000123</d:SoDinhDanh>"
TAIL = "<d:DienChuThe>1</d:DienChuThe><d:ThoiDiemCapNhat>2026-05-14T00:00:00</d:ThoiDiemCapNhat>"
NAME = "<d:HoVaTen><d:Ho>Nguyễn</d:Ho><d:ChuDem/><d:Ten>Ánh</d:Ten></d:HoVaTen>"


def asking(service: str, *fields: str, subject: Subject = ANH) -> Query:
    """Return the question the answers below are to."""
    return Query(
        service=ServiceCode(service),
        operation=Operation.SELECT,
        subject=subject,
        fields=frozenset(fields),
        deadline=0.0,
        exchange_id="e-1",
        agency="H99.20",
    )


def heard(
    service: str, inside: str, *fields: str, subject: Subject = ANH, status: int = 200
) -> Record:
    """Return what becomes of an answer with *inside*."""
    operation = OPERATIONS[service]
    body = f"<b:{operation.name}Response {SPACES}>{inside}</b:{operation.name}Response>"
    return told(soap(body, status), operation, asking(service, *fields, subject=subject))


def soap(body: str, status: int = 200) -> SourceReply:
    """Wrap *body*."""
    space = 'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    document = f"<s:Envelope {space}><s:Body>{body}</s:Body></s:Envelope>"
    return SourceReply(status, "text/xml; charset=utf-8", document.encode())


def born(year: str, digits: str) -> str:
    """Return a birth date as the register writes it."""
    inside = f"<d:Nam>{year}</d:Nam><d:NgayThangNam>{digits}</d:NgayThangNam>"
    return f"<d:NgayThangNamSinh>{inside}</d:NgayThangNamSinh>"


def citizen(inside: str) -> str:
    """Return a whole look-up answer about the hero."""
    person = f"<d:CongDan>{NUMBER}{inside}{TAIL}</d:CongDan>"
    return (
        f"{HEAD}<b:DienChuThe>1</b:DienChuThe><d:CongdanCollection>{person}</d:CongdanCollection>"
    )


@pytest.mark.parametrize(
    ("element", "field", "value"),
    [
        (NAME, "ho_ten", "Nguyễn Ánh"),
        ("<d:GioiTinh>2</d:GioiTinh>", "gioi_tinh", "2"),
        ("<d:DanToc>01</d:DanToc>", "dan_toc", "01"),
        ("<d:TonGiao>00</d:TonGiao>", "ton_giao", "00"),
        ("<d:QuocTich>VN</d:QuocTich>", "quoc_tich", "VN"),
        ("<d:SoCMND>990000123</d:SoCMND>", "so_cmnd", ["990000123"]),
        (
            "<d:NgayThangNamSinh><d:Nam>1950</d:Nam></d:NgayThangNamSinh>",
            "ngay_sinh",
            {"nam": 1950},
        ),
        (
            born("1950", "195003"),
            "ngay_sinh",
            {"nam": 1950, "thang": 3},
        ),
        (
            f"<d:ChuHo><d:QuanHe>01</d:QuanHe>{NAME}</d:ChuHo>",
            "chu_ho",
            {"ho_ten": "Nguyễn Ánh", "quan_he": "01"},
        ),
        (
            f"<d:Cha>{NAME}<d:QuocTich>VN</d:QuocTich><d:SoCMND>990000451</d:SoCMND></d:Cha>",
            "cha",
            {"ho_ten": "Nguyễn Ánh"},
        ),
    ],
)
def test_an_element_becomes_a_value(element: str, field: str, value: object) -> None:
    """One row for each shape."""
    assert {field: value} == heard("dancu.tracuu", citizen(element), field).values


@pytest.mark.parametrize(
    ("element", "field"),
    [
        ("", "gioi_tinh"),
        ("<d:GioiTinh>0</d:GioiTinh>", "gioi_tinh"),
        ("<d:NhomMau>0</d:NhomMau>", "nhom_mau"),
        ("<d:TinhTrangHonNhan>0</d:TinhTrangHonNhan>", "tinh_trang_hon_nhan"),
        ("<d:DanToc/>", "dan_toc"),
    ],
)
def test_no_data_is_a_reason_not_a_value(element: str, field: str) -> None:
    """«0» on a form would be read as something."""
    record = heard("dancu.tracuu", citizen(element), field)

    assert ({}, {field: "not_on_record"}) == (record.values, record.unavailable)


@pytest.mark.parametrize(
    "element",
    [
        pytest.param("<d:HoTen>x</d:HoTen>", id="a renamed member"),
        pytest.param("<b:HoVaTen>x</b:HoVaTen>", id="a member of another namespace"),
        pytest.param("<d:HoVaTen>Nguyễn Ánh</d:HoVaTen>", id="a flattened name"),
        pytest.param(NAME + NAME, id="two names"),
        pytest.param("<d:GioiTinh>Nữ</d:GioiTinh>", id="a word for a code"),
        pytest.param(
            born("1990", "19910201"),
            id="two birth years",
        ),
        pytest.param(
            born("1990", "19900231"),
            id="no such day",
        ),
        pytest.param("<d:Cha><d:QuocTich>VN</d:QuocTich></d:Cha>", id="a nameless father"),
    ],
)
def test_drift_is_seen_even_in_what_was_not_asked(element: str) -> None:
    """A renamed member must not pass for one that is not on record."""
    with pytest.raises(SourceSchemaMismatch):
        heard("dancu.tracuu", citizen(element), "so_dinh_danh")


def test_another_number_is_somebody_else() -> None:
    """The gravest mistake of a register."""
    other = citizen("").replace("003190000123", "003190000124")

    with pytest.raises(SourceSchemaMismatch, match="somebody else"):
        heard("dancu.tracuu", other, "so_dinh_danh")


def test_a_documented_successor_is_the_same_person() -> None:
    """Only when the register itself says that the number was replaced."""
    inside = citizen("").replace("003190000123", "003190000777")
    tail = "<b:DienChuThe>1</b:DienChuThe>"
    inside = inside.replace(tail, f"<b:SoDinhDanhHienTai>003190000777</b:SoDinhDanhHienTai>{tail}")

    record = heard("dancu.tracuu", inside, "so_dinh_danh")

    assert (Match.SUPERSEDED, "003190000777") == (record.match, record.current_so_dinh_danh)


def test_an_answer_by_card_is_held_against_card_and_name() -> None:
    """There is no number to compare."""
    subject = Subject(so_cmnd="990000123", ho_ten="NGUYEN ANH", ngay_sinh="1990")
    card = "<d:SoCMND>990000123</d:SoCMND>"

    assert heard("dancu.tracuu", citizen(card + NAME), "so_cmnd", subject=subject).values
    for wrong in (citizen(NAME.replace("Ánh", "Bình")), citizen(card.replace("123", "124") + NAME)):
        with pytest.raises(SourceSchemaMismatch, match="somebody else"):
            heard("dancu.tracuu", wrong, "so_cmnd", subject=subject)


def test_an_answer_to_another_question_is_none() -> None:
    """Yes-or-no answers carry nothing else to be known by."""
    inside = HEAD.replace("e-1", "e-2") + "<b:DienChuThe>1</b:DienChuThe><b:KetQua>1</b:KetQua>"

    with pytest.raises(SourceSchemaMismatch, match="another question"):
        heard("dancu.xacthuc", inside, "khop")


def test_an_answer_of_another_operation_is_none() -> None:
    """A mixed-up bus."""
    reply = soap(
        f"<b:TraCuuThongTinCongDanResponse {SPACES}>{HEAD}</b:TraCuuThongTinCongDanResponse>"
    )

    with pytest.raises(SourceSchemaMismatch, match="another operation"):
        told(reply, OPERATIONS["dancu.xacthuc"], asking("dancu.xacthuc", "khop"))


@pytest.mark.parametrize(
    ("code", "verdict", "khop", "match"),
    [
        ("00", "1", True, Match.EXACT),
        ("00", "0", False, Match.NONE),
        ("01", "0", False, Match.NONE),
    ],
)
def test_a_verdict_is_yes_or_no(code: str, verdict: str, khop: bool, match: Match) -> None:
    """Unknown, differing and untrue look the same from outside."""
    head = HEAD.replace(">00<", f">{code}<")

    record = heard("dancu.xacthuc", f"{head}<b:KetQua>{verdict}</b:KetQua>", "khop")

    assert ({"khop": khop}, match) == (record.values, record.match)


def test_yes_about_nobody_is_no_answer() -> None:
    """A verdict that contradicts itself must not become a yes."""
    head = HEAD.replace(">00<", ">01<")

    with pytest.raises(SourceSchemaMismatch):
        heard("dancu.xacthuc", f"{head}<b:KetQua>1</b:KetQua>", "khop")


def test_a_household_without_the_asker_is_somebody_elses() -> None:
    """Members are people, too."""
    head = f"<d:ChuHo><d:QuanHe>00</d:QuanHe>{NUMBER}{NAME}</d:ChuHo>"
    inside = f"{HEAD}<d:HoGiaDinh><d:SoSoHoKhau>1</d:SoSoHoKhau>{head}</d:HoGiaDinh>"

    assert heard("dancu.hogiadinh", inside, "chu_ho", "thanh_vien").values
    with pytest.raises(SourceSchemaMismatch, match="somebody else"):
        heard("dancu.hogiadinh", inside.replace("0000123", "0000124"), "chu_ho")


def test_no_match_is_an_unknown_subject() -> None:
    """With the register's own number of the answer, for whoever has to ask back."""
    with pytest.raises(SubjectUnknown) as unknown:
        heard("dancu.tracuu", HEAD.replace(">00<", ">01<"), "ho_ten")

    assert "dc-1" == unknown.value.upstream_id


@pytest.mark.parametrize("code", ["MAU_SAI", "CAN_BO", "DVC", "TICH_HOP", "KHONG_MO"])
def test_a_refused_question_is_told_from_a_failing_register(code: str) -> None:
    """One is for our operator, the other for theirs."""
    with pytest.raises(QuestionRefused, match=code):
        told(_fault(code), OPERATIONS["dancu.tracuu"], asking("dancu.tracuu", "ho_ten"))


@pytest.mark.parametrize("code", ["BAN", "HE_THONG", "003190000123"])
def test_a_failing_register_is_unavailable(code: str) -> None:
    """Whatever it says of itself is not repeated."""
    with pytest.raises(SourceUnavailable) as failed:
        told(_fault(code), OPERATIONS["dancu.tracuu"], asking("dancu.tracuu", "ho_ten"))

    assert "population: fault of the register" == str(failed.value)


def _fault(code: str) -> SourceReply:
    detail = f"<b:LoiDanCu {SPACES}><b:MaLoi>{code}</b:MaLoi></b:LoiDanCu>"
    fault = f"<faultcode>s:Server</faultcode><faultstring>x</faultstring><detail>{detail}</detail>"
    return soap(f"<s:Fault>{fault}</s:Fault>", 500)
