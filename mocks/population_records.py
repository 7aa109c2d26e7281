"""The population register's store: each person as ready pieces of XML."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from xml.sax.saxutils import escape

import msgspec
from msgspec import Struct

from mocks.people import Address, Birth, Kin, Name, Person, name_key
from mocks.province import Province

MARRIED = "2"


class Kept(Struct, frozen=True, kw_only=True):
    """One person as the store holds them; *fields* are elements of CongDan in their order."""

    number: str
    name: str  # as compared
    born: str  # all digits on record
    standing: str
    marital: str
    living: str
    since: str | None
    blood: str
    commune: str  # of the current residence
    commune_is_old: bool
    spouse: str  # dc:VoChong, or nothing
    acting: str | None  # number of who acts for the person
    head: str | None  # number of the head of the household
    kin: dict[str, str]  # number to relation
    updated: str
    household: str
    fields: dict[str, str]


def fill(connection: sqlite3.Connection, province: Province) -> None:
    """Write everybody the register knows and shows."""
    connection.execute("CREATE TABLE person (number TEXT PRIMARY KEY, kept BLOB)")
    connection.execute("CREATE TABLE alias (other TEXT PRIMARY KEY, number TEXT) WITHOUT ROWID")
    shown = [
        one for one in province.people if not one.hidden and "population" not in one.absent_from
    ]
    connection.executemany("INSERT INTO person VALUES (?, ?)", _rows(shown))
    connection.executemany("INSERT INTO alias VALUES (?, ?)", _aliases(shown))


def find(connection: sqlite3.Connection, number: str) -> Kept | None:
    """Return the person of *number*: current, replaced, or of the old card."""
    row = connection.execute("SELECT kept FROM person WHERE number = ?", (number,)).fetchone()
    if row is None:
        other = "SELECT kept FROM alias JOIN person USING (number) WHERE other = ?"
        row = connection.execute(other, (number,)).fetchone()
    return None if row is None else _DECODER.decode(row[0])


_DECODER = msgspec.msgpack.Decoder(Kept)


def _aliases(people: Iterable[Person]) -> Iterable[tuple[str, str]]:
    for person in people:
        for other in (*person.former_numbers, *([person.cmnd] if person.cmnd else [])):
            yield other, person.number


def _rows(people: list[Person]) -> Iterable[tuple[str, bytes]]:
    households: dict[str, list[Person]] = defaultdict(list)
    children: dict[str, dict[str, str]] = defaultdict(dict)
    for person in people:
        if person.living == "1":
            households[person.household].append(person)
        for parent in (person.father, person.mother):
            if parent is not None and parent.number is not None:
                children[parent.number][person.number] = "04"
    for person in people:
        kept = _kept(person, households[person.household], children[person.number])
        yield person.number, msgspec.msgpack.encode(kept)


def _kept(person: Person, household: list[Person], children: dict[str, str]) -> Kept:
    head = next((one for one in household if one.relation == "00"), None)
    kin = [one for one in (person.father, person.mother, _married_to(person)) if one and one.number]
    return Kept(
        number=person.number,
        name=name_key(str(person.name)),
        born=person.born.digits(),
        standing=person.standing,
        marital=person.marital,
        living=person.living,
        since=person.living_since.isoformat() if person.living_since else None,
        blood=person.blood,
        commune=person.current.commune.code,
        commune_is_old=bool(person.current.commune.district),
        spouse=_kin_xml("VoChong", _married_to(person)),
        acting=person.representative.number if person.representative else None,
        head=head.number if head else None,
        kin={**children, **{str(one.number): one.relation for one in kin}},
        updated=f"{person.updated.isoformat()}T00:00:00+07:00",
        household=_household_xml(person, head, household),
        fields=_fields(person, head),
    )


def _married_to(person: Person) -> Kin | None:
    return person.spouse if person.marital == MARRIED else None


def _fields(person: Person, head: Person | None) -> dict[str, str]:
    """Return the elements of CongDan between SoDinhDanh and DienChuThe, empty ones left out."""
    pieces = {
        "SoCMND": _text("SoCMND", person.cmnd),
        "SoSoHoKhau": _text("SoSoHoKhau", person.household),
        "HoVaTen": _name_xml(person.name),
        "NgayThangNamSinh": _birth_xml(person.born),
        "GioiTinh": _text("GioiTinh", person.sex),
        "DanToc": _text("DanToc", person.ethnicity),
        "TonGiao": _text("TonGiao", person.religion),
        "TinhTrangHonNhan": _text("TinhTrangHonNhan", person.marital),
        "NhomMau": _text("NhomMau", person.blood),
        "QuocTich": _text("QuocTich", person.nationality),
        "NoiDangKyKhaiSinh": _address_xml("NoiDangKyKhaiSinh", person.birthplace),
        "QueQuan": _address_xml("QueQuan", person.hometown),
        "ThuongTru": _address_xml("ThuongTru", person.permanent),
        "NoiOHienTai": _address_xml("NoiOHienTai", person.current),
        "Cha": _kin_xml("Cha", person.father),
        "Me": _kin_xml("Me", person.mother),
        "VoChong": _kin_xml("VoChong", _married_to(person)),
        "NguoiDaiDien": _kin_xml("NguoiDaiDien", person.representative, related=True),
        "ChuHo": _member_xml("ChuHo", head, person.relation) if head else "",
    }
    return {name: piece for name, piece in pieces.items() if piece}


def _text(tag: str, value: str | None) -> str:
    return "" if value is None else f"<dc:{tag}>{escape(value)}</dc:{tag}>"


def _name_xml(name: Name) -> str:
    parts = _text("Ho", name.family) + _text("ChuDem", name.middle) + _text("Ten", name.given)
    return f"<dc:HoVaTen>{parts}</dc:HoVaTen>"


def _birth_xml(born: Birth) -> str:
    fuller = _text("NgayThangNam", born.digits()) if born.month else ""
    return f"<dc:NgayThangNamSinh>{_text('Nam', f'{born.year:04d}')}{fuller}</dc:NgayThangNamSinh>"


def _address_xml(tag: str, place: Address) -> str:
    commune = place.commune
    parts = (
        ("MaTinhThanh", commune.province),
        ("MaQuanHuyen", commune.district),
        ("MaPhuongXa", commune.code),
        ("ChiTiet", place.detail),
        ("QuocGia", place.country),
        ("TenPhuongXa", commune.name),
    )
    return f"<dc:{tag}>{''.join(_text(name, value) for name, value in parts)}</dc:{tag}>"


def _kin_xml(tag: str, kin: Kin | None, *, related: bool = False) -> str:
    if kin is None:
        return ""
    relation = _text("QuanHe", kin.relation) if related else ""
    inside = _name_xml(kin.name) + _text("QuocTich", "VN") + _text("SoDinhDanh", kin.number)
    return f"<dc:{tag}>{inside}{relation}</dc:{tag}>"


def _member_xml(tag: str, person: Person, relation: str) -> str:
    inside = _text("QuanHe", relation) + _text("SoDinhDanh", person.number) + _name_xml(person.name)
    return f"<dc:{tag}>{inside}</dc:{tag}>"


def _household_xml(person: Person, head: Person | None, household: list[Person]) -> str:
    if head is None:
        return ""
    members = [_member_xml("ThanhVien", one, one.relation) for one in household if one is not head]
    inside = _text("SoSoHoKhau", person.household) + _member_xml("ChuHo", head, "00")
    return f"<dc:HoGiaDinh>{inside}{''.join(members)}</dc:HoGiaDinh>"
