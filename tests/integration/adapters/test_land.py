"""The land connector against the stand-in register."""

from collections.abc import AsyncIterator

import pytest

from adapters.client import QuestionRefused
from adapters.errors import SubjectUnknown
from adapters.protocol import Match, SourceAdapter, Subject
from mocks.personas import persona
from tests.connectors import a_query, an_adapter, subject_of

HEAD = ("so_phat_hanh", "so_vao_so", "ngay_cap", "chu_su_dung", "han_che")
PARCEL = (
    "so_to", "so_thua", "so_to_cu", "so_thua_cu", "dien_tich", "muc_dich", "thoi_han", "nguon_goc",
    "dia_chi_thua",
)  # fmt: skip


@pytest.fixture
async def land(registers: dict[str, str]) -> AsyncIterator[SourceAdapter]:
    """Give an open connector."""
    adapter = an_adapter("land", registers["land"])
    await adapter.open()
    yield adapter
    await adapter.aclose()


async def test_a_certificate_speaks_the_catalogs_words(land: SourceAdapter) -> None:
    """One certificate, one parcel: every value by its own name."""
    subject = subject_of("p01", so_phat_hanh="aa00419027")

    record = await land.fetch(a_query("datdai.gcn", subject, *HEAD, *PARCEL, "thua_dat"))

    assert Match.EXACT is record.match
    assert ("AA 00419027", "2025-09-12") == (
        record.values["so_phat_hanh"],
        record.values["ngay_cap"],
    )
    assert ("12", "207", 126.5) == tuple(
        record.values[name] for name in ("so_to", "so_thua", "dien_tich")
    )
    assert [] == record.values["han_che"]
    assert {"so_to_cu": "not_on_record", "so_thua_cu": "not_on_record"} == record.unavailable
    assert 1 == len(record.values["thua_dat"])


async def test_co_holders_are_names_only(land: SourceAdapter) -> None:
    """The spouse's number is not the asker's business."""
    record = await land.fetch(a_query("datdai.gcn", subject_of("p01"), "chu_su_dung"))

    assert [{"ho_ten": "Nguyễn Thị Ánh", "vai_tro": "VO_CHONG"}, {"ho_ten": "Trần Quốc Huy"}] == (
        record.values["chu_su_dung"]
    )
    assert persona("p02").number not in str(record)


async def test_several_certificates_are_told_apart_by_their_parcels(land: SourceAdapter) -> None:
    """With two certificates no single value would be true."""
    record = await land.fetch(
        a_query("datdai.gcn", subject_of("p15"), "so_phat_hanh", "so_to", "thua_dat")
    )

    assert {"thua_dat"} == record.values.keys()
    assert {"so_phat_hanh": "several_certificates", "so_to": "several_certificates"} == (
        record.unavailable
    )
    assert {("CH 881501", "5"), ("CM 771502", "9")} == {
        (each["so_phat_hanh"], each["so_to"]) for each in record.values["thua_dat"]
    }


async def test_a_parcel_carries_no_value_that_was_not_asked(land: SourceAdapter) -> None:
    """Least data inside lists, too."""
    record = await land.fetch(a_query("datdai.gcn", subject_of("p15"), "thua_dat"))

    assert all("so_phat_hanh" not in each for each in record.values["thua_dat"])
    assert all("chu_su_dung" not in each for each in record.values["thua_dat"])
    assert {0, 1} == {len(each["han_che"]) for each in record.values["thua_dat"]}


async def test_a_mortgage_shows(land: SourceAdapter) -> None:
    """A restriction is what a notary asks for."""
    subject = subject_of("p15", so_phat_hanh="CM 771502")

    record = await land.fetch(a_query("datdai.gcn", subject, "han_che"))

    assert ["THE_CHAP"] == [each["loai"] for each in record.values["han_che"]]


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(subject_of("p06"), id="holds nothing"),
        pytest.param(subject_of("p03", so_phat_hanh="AA 00419027"), id="somebody else's serial"),
        pytest.param(subject_of("p01", so_phat_hanh="ZZ 00000000"), id="no such serial"),
        pytest.param(subject_of("p24"), id="hidden"),
    ],
)
async def test_nothing_found_is_an_unknown_subject(land: SourceAdapter, subject: Subject) -> None:
    """An empty page is no record."""
    with pytest.raises(SubjectUnknown):
        await land.fetch(a_query("datdai.gcn", subject, "so_phat_hanh"))


async def test_an_old_certificate_is_found_by_the_old_card(land: SourceAdapter) -> None:
    """The register holds the 9-digit card; the question brings both."""
    with pytest.raises(SubjectUnknown):
        await land.fetch(a_query("datdai.gcn", subject_of("p23"), "so_phat_hanh"))

    subject = subject_of("p23", so_cmnd=persona("p23").cmnd)
    record = await land.fetch(a_query("datdai.gcn", subject, "so_phat_hanh"))

    assert {"so_phat_hanh": "AB 232323"} == record.values


@pytest.mark.parametrize(
    "claimed",
    [
        pytest.param({}, id="another name"),
        pytest.param({"ho_ten": "Tạ Đình Phong"}, id="the same name, another year of birth"),
    ],
)
async def test_a_strangers_card_opens_nothing(land: SourceAdapter, claimed: dict[str, str]) -> None:
    """Only the caller's word ties a card to a person: the record would name one, show another."""
    subject = subject_of("p03", so_cmnd=persona("p23").cmnd, **claimed)

    with pytest.raises(SubjectUnknown):
        await land.fetch(a_query("datdai.gcn", subject, "so_phat_hanh"))
    record = await land.fetch(a_query("datdai.xacminhchu", subject, "khop", "vai_tro"))

    assert False is record.values["khop"]
    assert "vai_tro" not in record.values


async def test_a_holder_is_verified_under_the_old_card(land: SourceAdapter) -> None:
    """Who holds an old certificate holds the land."""
    without = await land.fetch(a_query("datdai.xacminhchu", subject_of("p23"), "khop"))
    subject = subject_of("p23", so_cmnd=persona("p23").cmnd, so_phat_hanh="AB 232323")
    record = await land.fetch(a_query("datdai.xacminhchu", subject, "khop"))

    assert (False, True) == (without.values["khop"], record.values["khop"])


async def test_a_parcel_is_no_person(land: SourceAdapter) -> None:
    """A question about land says nothing of its holders."""
    subject = Subject(ma_xa="99003", so_to="12", so_thua="207")

    record = await land.fetch(a_query("datdai.thua", subject, *PARCEL, "han_che", "chu_su_dung"))

    assert Match.NOT_A_PERSON is record.match
    assert 126.5 == record.values["dien_tich"]
    assert {"chi_tiet", "ma_xa", "quoc_gia"} == record.values["dia_chi_thua"].keys()
    assert "not_offered" == record.unavailable["chu_su_dung"]
    assert "not_on_record" == record.unavailable["han_che"]


async def test_an_unknown_parcel_is_an_unknown_subject(land: SourceAdapter) -> None:
    """No parcel, no record."""
    with pytest.raises(SubjectUnknown):
        await land.fetch(
            a_query("datdai.thua", Subject(ma_xa="99003", so_to="999", so_thua="9"), "so_to")
        )


@pytest.mark.parametrize(
    ("who", "khop", "match"), [("p01", True, Match.EXACT), ("p03", False, Match.NONE)]
)
async def test_a_holder_is_verified(
    land: SourceAdapter, who: str, khop: bool, match: Match
) -> None:
    """Verify before anything else: least data."""
    subject = subject_of(who, so_phat_hanh="AA 00419027")

    record = await land.fetch(a_query("datdai.xacminhchu", subject, "khop", "vai_tro"))

    assert (khop, match) == (record.values["khop"], record.match)
    assert ("vai_tro" in record.values) is khop


@pytest.mark.parametrize("service", ["datdai.gcn", "datdai.thua", "datdai.xacminhchu", "datdai.x"])
async def test_a_question_without_its_subject_is_refused(land: SourceAdapter, service: str) -> None:
    """Nothing is sent that the register could not answer."""
    with pytest.raises(QuestionRefused):
        await land.fetch(a_query(service, Subject(ho_ten="Nguyễn Thị Ánh"), "so_to"))
