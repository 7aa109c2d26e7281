"""The insurance connector against the stand-in fund."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.client import QuestionRefused
from adapters.errors import SubjectUnknown
from adapters.insurance import InsuranceAdapter
from adapters.protocol import SourceAdapter
from tests.connectors import a_query, an_adapter, noted, settings_for, subject_of

CARD = (
    "so_the_bhyt", "ngay_cap_the", "noi_kcb_ban_dau", "tu_ngay", "den_ngay", "ngay_5_nam",
    "trang_thai_the",
)  # fmt: skip


@pytest.fixture
async def insurance(registers: dict[str, str]) -> AsyncIterator[SourceAdapter]:
    """Give an open connector."""
    adapter = an_adapter("insurance", registers["insurance"])
    await adapter.open()
    yield adapter
    await adapter.aclose()


async def test_a_card_speaks_the_catalogs_words(insurance: SourceAdapter) -> None:
    """Dates as everybody writes them, not as the fund does."""
    record = await insurance.fetch(a_query("baohiem.the", subject_of("p01"), *CARD))

    assert ("2026-01-01", "2026-12-31", "1") == tuple(
        record.values[name] for name in ("tu_ngay", "den_ngay", "trang_thai_the")
    )
    assert {"ma", "ten"} == record.values["noi_kcb_ban_dau"].keys()
    assert {} == record.unavailable


async def test_a_lapsed_card_says_so(insurance: SourceAdapter) -> None:
    """The state is the fund's, never worked out from a date."""
    record = await insurance.fetch(a_query("baohiem.the", subject_of("p08"), "trang_thai_the"))

    assert {"trang_thai_the": "2"} == record.values


async def test_an_insurance_number_leads_to_the_person(insurance: SourceAdapter) -> None:
    """Old dossiers carry nothing else."""
    known = await insurance.fetch(a_query("baohiem.quatrinh", subject_of("p01"), "ma_so_bhxh"))
    subject = subject_of("p01", so_dinh_danh=None, ma_so_bhxh=known.values["ma_so_bhxh"])

    record = await insurance.fetch(a_query("baohiem.quatrinh", subject, "ma_so_bhxh"))

    assert known.values == record.values


async def test_a_history_has_months_and_a_total(insurance: SourceAdapter) -> None:
    """A line that still lasts has no end, not an empty one."""
    record = await insurance.fetch(
        a_query("baohiem.quatrinh", subject_of("p01"), "qua_trinh", "tong_thoi_gian")
    )

    lines = record.values["qua_trinh"]
    assert isinstance(record.values["tong_thoi_gian"], int)
    assert all(len(line["tu_thang"]) == 7 for line in lines)
    assert all(line.get("den_thang", "0000-00") is not None for line in lines)


@pytest.mark.parametrize("who", ["p19", "p21"])
async def test_benefits_are_asked_in_detail_only_when_wanted(
    insurance: SourceAdapter, who: str
) -> None:
    """Which benefit it is, is sensitive; whether there is one may be enough."""
    short = await insurance.fetch(a_query("baohiem.huong", subject_of(who), "dang_huong"))
    whole = await insurance.fetch(
        a_query("baohiem.huong", subject_of(who), "dang_huong", "loai_huong")
    )

    assert (who == "p19") is short.values["dang_huong"]
    assert {"dang_huong"} == short.values.keys()
    assert (["TU_TUAT"] if who == "p19" else []) == whole.values["loai_huong"]


@pytest.mark.parametrize(
    "changed",
    [{"so_dinh_danh": "003190999999"}, {"ho_ten": "Ai Khác"}, {"ngay_sinh": "1991-01-01"}],
)
async def test_nothing_found_is_an_unknown_subject(
    insurance: SourceAdapter, changed: dict[str, str]
) -> None:
    """It hides inside a 200."""
    with pytest.raises(SubjectUnknown):
        await insurance.fetch(a_query("baohiem.the", subject_of("p01", **changed), "so_the_bhyt"))


async def test_one_token_serves_everybody(registers: dict[str, str]) -> None:
    """Fifty first questions at once fetch one token, not fifty."""
    outcomes: list[str] = []
    adapter = InsuranceAdapter(
        settings_for("insurance", registers["insurance"]),
        observe=lambda _source, outcome, _seconds: outcomes.append(outcome),
    )
    await adapter.open()
    query = a_query("baohiem.the", subject_of("p01"), "den_ngay")

    await asyncio.gather(*(adapter.fetch(query) for _ in range(50)))
    await adapter.aclose()

    assert ["ok"] * 51 == outcomes


async def test_a_token_that_ended_early_is_fetched_anew(
    insurance: SourceAdapter, registers: dict[str, str]
) -> None:
    """The fund restarts and forgets its tokens; nobody notices."""
    assert isinstance(insurance, InsuranceAdapter)
    await insurance.fetch(a_query("baohiem.the", subject_of("p01"), "den_ngay"))
    insurance._token = "a-token-the-fund-has-forgotten"

    record = await insurance.fetch(a_query("baohiem.the", subject_of("p01"), "den_ngay"))

    assert {"den_ngay": "2026-12-31"} == record.values
    assert await noted(registers["insurance"])


async def test_wrong_credentials_are_refused_not_malformed(registers: dict[str, str]) -> None:
    """An operator reads what to mend."""
    adapter = an_adapter(
        "insurance",
        registers["insurance"],
        credentials={"client_id": "motlan-demo", "client_secret": "wrong"},
    )
    await adapter.open()
    with pytest.raises(QuestionRefused, match="answered 401"):
        await adapter.fetch(a_query("baohiem.the", subject_of("p01"), "den_ngay"))
    await adapter.aclose()
