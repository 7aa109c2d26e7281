"""The population connector against the stand-in register."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from adapters.client import QuestionRefused
from adapters.errors import SubjectUnknown
from adapters.protocol import Match, SourceAdapter
from mocks.personas import persona
from tests.connectors import a_query, an_adapter, noted, subject_of

EVERYTHING = (
    "ho_ten", "ngay_sinh", "gioi_tinh", "noi_dang_ky_khai_sinh", "que_quan", "dan_toc", "ton_giao",
    "quoc_tich", "nhom_mau", "thuong_tru", "noi_o_hien_tai", "tinh_trang_hon_nhan", "so_cmnd",
    "so_dinh_danh", "cha", "me", "vo_chong", "chu_ho",
)  # fmt: skip


@pytest.fixture
async def population(registers: dict[str, str]) -> AsyncIterator[SourceAdapter]:
    """Give an open connector."""
    adapter = an_adapter("population", registers["population"])
    await adapter.open()
    yield adapter
    await adapter.aclose()


async def test_a_look_up_speaks_the_catalogs_words(population: SourceAdapter) -> None:
    """Everything the register has of the hero, in our codes and shapes."""
    record = await population.fetch(a_query("dancu.tracuu", subject_of("p01"), *EVERYTHING))

    assert (Match.EXACT, "adult") == (record.match, record.subject_is)
    assert set(EVERYTHING) == record.values.keys() | record.unavailable.keys()
    assert "Nguyễn Thị Ánh" == record.values["ho_ten"]
    assert "1990-02-01" == record.values["ngay_sinh"]
    assert {
        "chi_tiet": "Số 12 đường Bến Nghè, Tổ dân phố 4",
        "ma_xa": "99003",
        "ten_xa": "Phường Vĩnh Trà",
        "ma_tinh": record.values["thuong_tru"]["ma_tinh"],
        "quoc_gia": "VN",
        "hieu_luc_tu": "2025-07-01",
    } == record.values["thuong_tru"]
    assert ["990000123"] == record.values["so_cmnd"]
    assert "Trần Quốc Huy" == record.values["vo_chong"]["ho_ten"]
    assert record.upstream_id
    assert record.as_of.utcoffset() is not None


async def test_an_old_address_keeps_its_district(population: SourceAdapter) -> None:
    """A commune code of before July 2025 must not pass for one of today."""
    record = await population.fetch(a_query("dancu.tracuu", subject_of("p17"), "thuong_tru"))

    assert "ma_huyen" in record.values["thuong_tru"]
    assert "hieu_luc_tu" not in record.values["thuong_tru"]


async def test_a_partial_birth_date_stays_partial(population: SourceAdapter) -> None:
    """Nobody is given a birthday."""
    record = await population.fetch(a_query("dancu.tracuu", subject_of("p04"), "ngay_sinh"))

    assert {"nam": 1948} == record.values["ngay_sinh"]


async def test_a_replaced_number_leads_to_the_current_person(population: SourceAdapter) -> None:
    """The answer is about somebody else's number, and that is documented."""
    former = persona("p05").former_numbers[0]
    subject = subject_of("p05", so_dinh_danh=former)

    record = await population.fetch(a_query("dancu.tracuu", subject, "ho_ten", "so_dinh_danh"))

    assert (Match.SUPERSEDED, persona("p05").number) == (record.match, record.current_so_dinh_danh)
    assert persona("p05").number == record.values["so_dinh_danh"]


async def test_the_old_card_leads_to_the_person(population: SourceAdapter) -> None:
    """Old certificates know nothing else."""
    subject = subject_of("p01", so_dinh_danh=None, so_cmnd="990000123")

    record = await population.fetch(a_query("dancu.tracuu", subject, "so_dinh_danh"))

    assert {"so_dinh_danh": "003190000123"} == record.values


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"so_dinh_danh": "003190999999"}, id="unknown number"),
        pytest.param({"ho_ten": "Nguyễn Thị Anh Thư"}, id="another name"),
        pytest.param({"ngay_sinh": "1990-02-02"}, id="another day"),
    ],
)
async def test_whatever_differs_the_answer_is_the_same(
    population: SourceAdapter, changed: dict[str, str]
) -> None:
    """Nobody finds out by trying which of the three was wrong."""
    with pytest.raises(SubjectUnknown) as unknown:
        await population.fetch(a_query("dancu.tracuu", subject_of("p01", **changed), "ho_ten"))

    assert "population: no match" == str(unknown.value)


@pytest.mark.parametrize(
    ("name", "match", "khop"),
    [("nguyễn thị ánh", Match.EXACT, True), ("Nguyễn Thị Bình", Match.NONE, False)],
)
async def test_a_verification_answers_yes_or_no(
    population: SourceAdapter, name: str, match: Match, khop: bool
) -> None:
    """Verify before anything else: least data."""
    record = await population.fetch(
        a_query("dancu.xacthuc", subject_of("p01", ho_ten=name), "khop")
    )

    assert ({"khop": khop}, match) == (record.values, record.match)


@pytest.mark.parametrize(("commune", "khop"), [("99003", True), ("99005", False)])
async def test_a_residence_is_verified_by_commune(
    population: SourceAdapter, commune: str, khop: bool
) -> None:
    """A boarding school needs to know whether, not where."""
    subject = subject_of("p01", ma_xa=commune)

    record = await population.fetch(a_query("dancu.xacminhnoio", subject, "khop"))

    assert {"khop": khop} == record.values


async def test_marriage_names_the_spouse(population: SourceAdapter) -> None:
    """The paper that the marriage-status procedure exists for."""
    record = await population.fetch(
        a_query("dancu.honnhan", subject_of("p01"), "tinh_trang_hon_nhan", "vo_chong")
    )

    assert "2" == record.values["tinh_trang_hon_nhan"]
    assert persona("p02").number == record.values["vo_chong"]["so_dinh_danh"]


async def test_a_single_person_has_no_spouse_on_record(population: SourceAdapter) -> None:
    """Nothing is a reason, not an empty value."""
    record = await population.fetch(
        a_query("dancu.honnhan", subject_of("p03"), "tinh_trang_hon_nhan", "vo_chong")
    )

    assert {"tinh_trang_hon_nhan": "1"} == record.values
    assert {"vo_chong": "not_on_record"} == record.unavailable


async def test_the_household_holds_its_members(population: SourceAdapter) -> None:
    """Head and members, the asker among them."""
    record = await population.fetch(
        a_query("dancu.hogiadinh", subject_of("p01"), "chu_ho", "thanh_vien")
    )

    everyone = [record.values["chu_ho"], *record.values["thanh_vien"]]
    assert persona("p01").number in [each.get("so_dinh_danh") for each in everyone]


@pytest.mark.parametrize(
    ("who", "subject_is"),
    [("p01", "adult"), ("p10", "child"), ("p11", "incapable"), ("p12", "deceased")],
)
async def test_the_register_says_who_cannot_speak_for_themselves(
    population: SourceAdapter, who: str, subject_is: str
) -> None:
    """The decision is taken again when the subject is a child."""
    record = await population.fetch(
        a_query("dancu.tinhtrangsong", subject_of(who), "tinh_trang_song")
    )

    assert subject_is == record.subject_is
    assert ("2" if who == "p12" else "1") == record.values["tinh_trang_song"]


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"agency": "H99.77"}, id="agency without account"),
        pytest.param({"procedure": "ours-1"}, id="procedure without national code"),
        pytest.param({"procedure": "1.999999"}, id="procedure the register does not know"),
        pytest.param({"official": "official-without-number"}, id="officer without number"),
        pytest.param({"service": "dancu.danhsach"}, id="service not offered"),
    ],
)
async def test_a_question_without_its_mapping_is_refused(
    population: SourceAdapter, members: dict[str, str]
) -> None:
    """The register demands an officer and a procedure for each question; so do we."""
    query = msgspec.structs.replace(a_query("dancu.tracuu", subject_of("p01"), "ho_ten"), **members)

    with pytest.raises(QuestionRefused):
        await population.fetch(query)


async def test_only_what_is_needed_is_asked_and_both_sides_can_find_the_call(
    population: SourceAdapter, registers: dict[str, str]
) -> None:
    """The register notes our exchange id; two logs of one call can be held together."""
    query = msgspec.structs.replace(
        a_query("dancu.tracuu", subject_of("p03"), "ho_ten"), exchange_id="exchange-of-this-test"
    )
    await population.fetch(query)

    questions = await noted(registers["population"])
    assert "exchange-of-this-test" in [each["exchange_id"] for each in questions]
