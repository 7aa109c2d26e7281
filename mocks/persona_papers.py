"""The personas in the other three registers: land, insurance, civil status."""

from datetime import date

from msgspec.structs import replace

from mocks.careers import CLINICS, Benefit, Card, Career, Spell
from mocks.estates import Certificate, Holder, Parcel, Restriction, holder
from mocks.people import Birth, Kin, Name
from mocks.persona_lives import LIVES
from mocks.records import BirthRecord, DeathRecord, MarriageRecord, entry

_MAY = ("DN0012", "Công ty May Sông Vân")
_SCHOOL = ("HC0003", "Trường THCS Trần Phú")


def _parcel(  # noqa: PLR0917 - a row of the table below
    id_: int, who: str, sheet: str, number: str, area_m2: float, purpose: str
) -> Parcel:
    home = LIVES[who].permanent
    return Parcel(
        id=f"td-{id_:07d}",
        commune=home.commune.code if not home.commune.district else "99003",
        old_commune=home.commune.code if home.commune.district else None,
        sheet=sheet,
        number=number,
        area_m2=area_m2,
        purpose=purpose,
        address=home.line(),
        since=date(2025, 9, 12),
    )


def _certificate(
    id_: int, serial: str, issued: date, holders: tuple[Holder, ...], *parcels: Parcel
) -> Certificate:
    return Certificate(
        id=f"gcn-{id_:07d}",
        serial=serial,
        register_number=f"CN {id_:05d}",
        issued=issued,
        holders=holders,
        parcels=parcels,
    )


def _sole(who: str) -> tuple[Holder, ...]:
    return (holder(LIVES[who], "CHU_SU_DUNG"),)


_COUPLE = (holder(LIVES["p01"], "VO_CHONG"), holder(LIVES["p02"], "VO_CHONG"))
_LAM = (Holder("Đỗ Văn Lâm", 1975, LIVES["p07"].number, "CHU_SU_DUNG"),)
_PHONG = (Holder("Tạ Đình Phong", 1968, LIVES["p23"].cmnd, "CHU_SU_DUNG"),)

CERTIFICATES: tuple[Certificate, ...] = (
    _certificate(
        127,
        "AA 00419027",
        date(2025, 9, 12),
        _COUPLE,
        replace(_parcel(1, "p01", "12", "207", 126.5, "ODT"), old_commune="99012", origin="NCN"),
    ),
    _certificate(
        207, "BK 551207", date(2013, 6, 3), _LAM, _parcel(7, "p07", "31", "18", 412.0, "ONT")
    ),
    _certificate(
        215,
        "CH 881501",
        date(2019, 4, 22),
        _sole("p15"),
        _parcel(15, "p15", "5", "61", 88.2, "ODT"),
    ),
    replace(
        _certificate(
            315,
            "CM 771502",
            date(2021, 11, 8),
            _sole("p15"),
            replace(_parcel(115, "p15", "9", "140", 903.0, "CLN"), term="2071-11-08"),
        ),
        restrictions=(Restriction("THE_CHAP", "Thế chấp tại tổ chức tín dụng", date(2024, 2, 19)),),
    ),
    replace(
        _certificate(
            216,
            "S 016016",
            date(2004, 8, 30),
            _sole("p16"),
            replace(
                _parcel(16, "p16", "44", "512", 640.0, "ONT"),
                old_sheet="7",
                old_number="96",
                old_commune="99023",
            ),
        ),
        old_register_number="00416 QSDĐ",
    ),
    _certificate(
        217,
        "CN 441717",
        date(2020, 1, 15),
        _sole("p17"),
        _parcel(17, "p17", "2", "33", 75.0, "ODT"),
    ),
    _certificate(
        222,
        "AA 00777777",
        date(2025, 7, 7),
        _sole("p22"),
        _parcel(22, "p22", "77", "777", 777.7, "ONT"),
    ),
    _certificate(
        223, "AB 232323", date(2011, 3, 17), _PHONG, _parcel(23, "p23", "18", "230", 511.4, "ONT")
    ),
)


def _career(who: str, bhxh: str, group: str = "", **facts: object) -> Career:
    person = LIVES[who]
    lapsed = who == "p08"
    year = 2024 if lapsed else 2026
    card = Card(
        number=f"{group}03{bhxh}" if group else bhxh,
        issued=date(year - 1, 12, 20),
        clinic=CLINICS[0],
        since=date(year, 1, 1),
        until=date(year, 12, 31),
        five_years=date(2020, 1, 1) if person.age > 18 else None,  # noqa: PLR2004 - of age
        level=1 if group.startswith("TE") else 4,
        state=2 if lapsed else 1,
    )
    career = Career(
        bhxh=bhxh,
        number=person.number,
        name=str(person.name),
        born=person.born,
        card=card,
    )
    return replace(career, **facts)


_TEACHER = (
    Spell((2013, 9), (2019, 5), _MAY, 7_200_000),
    Spell((2019, 8), None, _SCHOOL, 9_400_000),
)
_WORKER = (Spell((2010, 3), None, _MAY, 11_800_000),)
_LEFT = (Spell((2015, 1), (2024, 6), _MAY, 8_300_000),)

CAREERS: tuple[Career, ...] = (
    _career("p01", "0301900123", spells=_TEACHER),
    _career("p02", "0300880451", "DN4", spells=_WORKER),
    _career("p03", "0300980303", spells=(Spell((2022, 2), None, _MAY, 5_000_000, voluntary=True),)),
    _career("p04", "0301480404", "HT3", benefits=(Benefit("HUU_TRI", "Lương hưu", (2003, 5)),)),
    _career("p05", "0300850505", spells=_WORKER),
    _career("p06", "0301830606", spells=_TEACHER),
    _career("p07", "0300750707", "GD4"),
    _career("p08", "0300940808", spells=_LEFT),
    _career("p09", "0302220909", "TE1"),
    _career("p10", "0303161010", "HS4"),
    _career(
        "p11",
        "0300791111",
        "BT2",
        benefits=(Benefit("MAT_SUC", "Trợ cấp mất sức lao động", (2014, 2)),),
    ),
    _career("p13", "0301641313", "GD4"),
    _career("p14", "0301821414", spells=_WORKER),
    _career("p15", "0300721515", spells=_WORKER),
    _career("p16", "0301781616", "GD4"),
    _career("p17", "0300801717", spells=_LEFT),
    _career("p18", "0301911818", spells=_TEACHER),
    _career(
        "p19",
        "0301641919",
        "HT3",
        benefits=(Benefit("TU_TUAT", "Trợ cấp tuất hằng tháng", (2021, 7)),),
    ),
    _career("p21", "0301412121", "BT2"),
    _career(
        "p22",
        "0307777777",
        "DN4",
        spells=_WORKER,
        benefits=(Benefit("OM_DAU", "Trợ cấp ốm đau", (2026, 7)),),
    ),
    _career("p23", "0300682323", "GD4"),
)

_PHU = Kin(Name("Phan", "Gia", "Phú"), "003097002021", Birth(1997, 1, 6), "02")
_BLIM = Kin(Name("Y", "", "Blim"), "003199002022", Birth(1999, 4, 2), "03")

BIRTHS: tuple[BirthRecord, ...] = (
    BirthRecord(
        entry=entry(41, date(1990, 2, 12), "99012"),
        child=LIVES["p01"].kin(),
        father=LIVES["p01"].father,
        mother=LIVES["p01"].mother,
    ),
    BirthRecord(
        entry=entry(318, date(2022, 9, 20), "99012"),
        child=LIVES["p09"].kin(),
        father=LIVES["p02"].kin("02"),
        mother=LIVES["p01"].kin("03"),
    ),
    BirthRecord(
        entry=entry(77, date(2016, 6, 1), "99008"),
        child=LIVES["p10"].kin(),
        father=None,
        mother=LIVES["p10"].mother,
    ),
    BirthRecord(
        entry=entry(902, date(2026, 11, 16), "99036"),
        child=LIVES["p20"].kin(),
        father=_PHU,
        mother=_BLIM,
        updated=date(2026, 11, 16),
    ),
    BirthRecord(
        entry=entry(777, date(1995, 7, 17), "99045"),
        child=LIVES["p22"].kin(),
        father=LIVES["p22"].father,
        mother=LIVES["p22"].mother,
    ),
)

DEATHS: tuple[DeathRecord, ...] = (
    DeathRecord(
        entry=entry(56, date(2026, 3, 20), "99021"),
        dead=LIVES["p12"].kin(),
        day=date(2026, 3, 18),
        cause="Bệnh tim mạch",
    ),
)

MARRIAGES: tuple[MarriageRecord, ...] = (
    MarriageRecord(
        entry=entry(12, date(2014, 11, 8), "99012"),
        wife=LIVES["p01"].kin(),
        husband=LIVES["p02"].kin(),
        state="HIEU_LUC",
    ),
    MarriageRecord(
        entry=entry(30, date(1986, 2, 14), "99021"),
        wife=LIVES["p13"].kin(),
        husband=LIVES["p12"].kin(),
        state="MOT_BEN_MAT",
    ),
    MarriageRecord(
        entry=entry(19, date(2007, 5, 26), "99029"),
        wife=LIVES["p14"].kin(),
        husband=Kin(Name("Võ", "Hữu", "Lộc"), None, Birth(1980), "01"),
        state="LY_HON",
    ),
)
