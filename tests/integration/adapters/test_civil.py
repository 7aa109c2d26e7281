"""The civil status connector against the stand-in register."""

from collections.abc import AsyncIterator

import pytest

from adapters.client import QuestionRefused
from adapters.errors import SubjectUnknown
from adapters.protocol import SourceAdapter
from mocks.personas import persona
from tests.connectors import a_query, an_adapter, subject_of


@pytest.fixture
async def civil(registers: dict[str, str]) -> AsyncIterator[SourceAdapter]:
    """Give an open connector."""
    adapter = an_adapter("civil", registers["civil"])
    await adapter.open()
    yield adapter
    await adapter.aclose()


async def test_a_birth_record_names_child_and_parents(civil: SourceAdapter) -> None:
    """What a first health card is made from."""
    fields = ("so_khai_sinh", "ngay_dang_ky", "noi_dang_ky", "ho_ten_con", "ngay_sinh", "cha", "me")

    record = await civil.fetch(a_query("hotich.khaisinh", subject_of("p09"), *fields))

    assert set(fields) == record.values.keys()
    assert ("2022-09-05", persona("p02").number) == (
        record.values["ngay_sinh"],
        record.values["cha"]["so_dinh_danh"],
    )
    assert {"ma_xa", "ten_xa", "ngay_dia_gioi"} == record.values["noi_dang_ky"].keys()


async def test_a_newborn_is_known_here_first(civil: SourceAdapter) -> None:
    """The birth chain begins before the population register knows."""
    record = await civil.fetch(a_query("hotich.khaisinh", subject_of("p20"), "ho_ten_con"))

    assert {"ho_ten_con": "Phan Gia Bảo"} == record.values


async def test_a_death_record_says_when_and_why(civil: SourceAdapter) -> None:
    """What a funeral grant is made from."""
    record = await civil.fetch(
        a_query("hotich.khaitu", subject_of("p12"), "so_khai_tu", "ngay_mat", "nguyen_nhan")
    )

    assert "2026-03-18" == record.values["ngay_mat"]
    assert "deceased" == record.subject_is


@pytest.mark.parametrize(("who", "spouse"), [("p01", "Trần Quốc Huy"), ("p02", "Nguyễn Thị Ánh")])
async def test_a_marriage_record_names_the_other_one(
    civil: SourceAdapter, who: str, spouse: str
) -> None:
    """Whoever asks, the spouse is the other."""
    record = await civil.fetch(
        a_query("hotich.kethon", subject_of(who), "so_ket_hon", "vo_chong", "ngay_dang_ky")
    )

    assert spouse == record.values["vo_chong"]["ho_ten"]


async def test_a_marriage_that_ended_names_nobody(civil: SourceAdapter) -> None:
    """A record of marriage is no proof of being married."""
    record = await civil.fetch(
        a_query("hotich.kethon", subject_of("p14"), "so_ket_hon", "vo_chong")
    )

    assert {"so_ket_hon"} == record.values.keys()
    assert {"vo_chong": "marriage_ended"} == record.unavailable


async def test_no_record_is_an_unknown_subject(civil: SourceAdapter) -> None:
    """A 404 of the register's own."""
    with pytest.raises(SubjectUnknown) as unknown:
        await civil.fetch(a_query("hotich.khaitu", subject_of("p01"), "ngay_mat"))

    assert unknown.value.upstream_id is not None


async def test_wrong_credentials_are_refused(registers: dict[str, str]) -> None:
    """An operator reads what to mend."""
    adapter = an_adapter(
        "civil", registers["civil"], credentials={"user": "motlan", "password": "wrong"}
    )
    await adapter.open()
    with pytest.raises(QuestionRefused, match="answered 401"):
        await adapter.fetch(a_query("hotich.kethon", subject_of("p01"), "so_ket_hon"))
    await adapter.aclose()
