"""The personas as the population register knows them."""

from datetime import date

from msgspec.structs import replace

from mocks.communes import NEW, OLD
from mocks.people import CANARY, FEMALE, MALE, Address, Birth, Kin, Name, Person

NOT_IN_POPULATION = frozenset({"population"})


def _life(number: str, name: tuple[str, str, str], born: Birth, sex: str, home: Address) -> Person:
    """Return somebody ordinary: single, alive, no religion on record, blood group A."""
    origin = Address(OLD["99012"], "")
    return Person(
        number=number,
        name=Name(*name),
        born=born,
        sex=sex,
        permanent=home,
        current=home,
        hometown=origin,
        birthplace=origin,
        household=f"HKP{number[-5:]}",
        blood="1",
        father=Kin(Name(name[0], "Văn", "Hoà"), None, Birth(born.year - 28), "02"),
        mother=Kin(Name("Lê", "Thị", "Thảo"), None, Birth(born.year - 25), "03"),
        updated=date(2026, 5, 14),
    )


def _home(code: str, detail: str) -> Address:
    return Address(NEW[code], detail)


_BEN_NGHE = _home("99003", "Số 12 đường Bến Nghè, Tổ dân phố 4")

_anh = _life("003190000123", ("Nguyễn", "Thị", "Ánh"), Birth(1990, 2, 1), FEMALE, _BEN_NGHE)
_huy = _life("003088000451", ("Trần", "Quốc", "Huy"), Birth(1988, 6, 17), MALE, _BEN_NGHE)
_an = _life("003222000090", ("Trần", "Nguyễn Bảo", "An"), Birth(2022, 9, 5), MALE, _BEN_NGHE)
_khoi = _life(
    "003098000303",
    ("Lê", "Minh", "Khôi"),
    Birth(1998, 12, 30),
    MALE,
    _home("99005", "Số 7 đường Lê Lai, Tổ dân phố 1"),
)
_mui = _life(
    "003148000404", ("Phạm", "Thị", "Mùi"), Birth(1948), FEMALE, _home("99018", "Thôn Đoài, Đội 2")
)
_bao = _life(
    "003085000505",
    ("Hoàng", "Văn", "Bảo"),
    Birth(1985, 4, 11),
    MALE,
    _home("99025", "Số 40 đường Nguyễn Trãi, Tổ dân phố 6"),
)
_nhung = _life(
    "005183000606",
    ("Vũ", "Thị Hồng", "Nhung"),
    Birth(1983, 7, 22),
    FEMALE,
    _home("99008", "Thôn Hạ, Đội 5"),
)
_lam = _life(
    "003075000707",
    ("Đỗ", "Văn", "Lãm"),
    Birth(1975, 3, 3),
    MALE,
    _home("99015", "Thôn Đông, Đội 1"),
)
_tung = _life(
    "005094000808",
    ("Bùi", "Thanh", "Tùng"),
    Birth(1994, 10, 9),
    MALE,
    _home("99011", "Số 88 đường Võ Thị Sáu, Tổ dân phố 2"),
)
_han = _life("003316001010", ("Ngô", "Gia", "Hân"), Birth(2016, 5, 18), FEMALE, _nhung.permanent)
_thanh = _life(
    "003079001111",
    ("Đinh", "Công", "Thành"),
    Birth(1979, 1, 25),
    MALE,
    _home("99029", "Thôn Trung, Đội 3"),
)
_nghia = _life(
    "003061001212",
    ("Trương", "Văn", "Nghĩa"),
    Birth(1961, 8, 8),
    MALE,
    _home("99021", "Thôn Bãi, Đội 4"),
)
_hanh = _life("003164001313", ("Lý", "Thị", "Hạnh"), Birth(1964, 11, 2), FEMALE, _nghia.permanent)
_lan = _life("003182001414", ("Đinh", "Thị", "Lan"), Birth(1982, 6, 6), FEMALE, _thanh.permanent)
_thinh = _life(
    "003072001515",
    ("Mai", "Đức", "Thịnh"),
    Birth(1972, 9, 14),
    MALE,
    _home("99001", "Số 5 đường Trần Hưng Đạo, Tổ dân phố 3"),
)
_ngoc = _life(
    "005178001616",
    ("Cao", "Thị Bích", "Ngọc"),
    Birth(1978, 2, 28),
    FEMALE,
    _home("99024", "Thôn Nội, Đội 7"),
)
_tai = _life(
    "003080001717",
    ("Dương", "Văn", "Tài"),
    Birth(1980, 5, 5),
    MALE,
    Address(OLD["99004"], "Số 61 đường Cầu Đất, Tổ dân phố 9"),
)
_khue = _life(
    "003191001818",
    ("Tôn Nữ", "Nguyễn Phước Thuỵ Khuê Uyển", "Nhữ Ỷ Vỹ"),
    Birth(1991, 3, 31),
    FEMALE,
    _home("99001", "Số 210/17/4 đường Phan Bội Châu, Tổ dân phố 11"),
)
_sen = _life(
    "003164001919",
    ("Hồ", "Thị", "Sen"),
    Birth(1964, 4, 20),
    FEMALE,
    _home("99041", "Thôn Ngoài, Đội 2"),
)
_newborn = _life(
    "003226002020",
    ("Phan", "Gia", "Bảo"),
    Birth(2026, 11, 10),
    MALE,
    _home("99036", "Thôn Chùa, Đội 1"),
)
_ty = _life(
    "005141002121",
    ("Nguyễn", "Thị", "Tý"),
    Birth(1941, 12, 12),
    FEMALE,
    _home("99040", "Thôn Đồi, Đội 3"),
)
_canary = _life(
    CANARY,
    ("Kim", "Thị Hoàng", "Yến"),
    Birth(1995, 7, 7),
    FEMALE,
    _home("99045", "Số 777 đường Hàng Bột, Tổ dân phố 7"),
)
_phong = _life(
    "003068002323",
    ("Tạ", "Đình", "Phong"),
    Birth(1968, 10, 1),
    MALE,
    _home("99032", "Thôn Thượng, Đội 8"),
)
_diep = _life(
    "003187002424",
    ("Châu", "Ngọc", "Diệp"),
    Birth(1987, 8, 19),
    FEMALE,
    _home("99005", "Số 3 đường Hàng Bột, Tổ dân phố 5"),
)

_parents = {"father": _huy.kin("02"), "mother": _anh.kin("03"), "representative": _anh.kin("03")}

LIVES: dict[str, Person] = {
    "p01": replace(
        _anh,
        marital="2",
        spouse=_huy.kin("01"),
        relation="01",
        household=_huy.household,
        cmnd="990000123",
    ),
    "p02": replace(_huy, marital="2", spouse=_anh.kin("01"), cmnd="990000451"),
    "p03": _khoi,
    "p04": replace(_mui, marital="4"),
    "p05": replace(_bao, former_numbers=("005085000500",)),
    "p06": replace(_nhung, absent_from=frozenset({"land"})),
    "p07": _lam,
    "p08": _tung,
    "p09": replace(_an, relation="04", household=_huy.household, **_parents),
    "p10": replace(
        _han, relation="99", household=_nhung.household, representative=_nhung.kin("08")
    ),
    "p11": replace(_thanh, incapable=True, representative=_lan.kin("08")),
    "p12": replace(
        _nghia, living="2", living_since=date(2026, 3, 18), marital="2", spouse=_hanh.kin("01")
    ),
    "p13": replace(_hanh, marital="4", spouse=_nghia.kin("01")),
    "p14": replace(_lan, marital="3"),
    "p15": _thinh,
    "p16": _ngoc,
    "p17": _tai,
    "p18": _khue,
    "p19": replace(_sen, marital="4"),
    "p20": replace(_newborn, absent_from=NOT_IN_POPULATION),
    "p21": replace(_ty, marital="4"),
    "p22": replace(_canary, ethnicity="11", religion="02", blood="3", cmnd="997777777"),
    "p23": replace(_phong, cmnd="990002323"),
    "p24": replace(_diep, hidden=True),
}
