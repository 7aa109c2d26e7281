"""Finding and comparing values."""

import unicodedata

import pytest

from adapters.protocol import Json
from gateway.prefill.values import (
    COMPARISONS,
    as_typed,
    distinct,
    each_of,
    found,
    items,
    name_key,
    same,
)

PARCELS = [{"so_thua": "207", "chu": [{"ten": "A"}]}, {"so_thua": "208"}]


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ("x", None, ("x",)),
        (False, None, (False,)),
        (0, None, (0,)),
        (None, None, ()),
        ("", None, ()),
        ([], None, ()),
        ([1, 2], None, ([1, 2],)),
        ({"a": {"b": 1}}, "a.b", (1,)),
        ({"a": None}, "a", ()),
        ({"a": 1}, "b", ()),
        ("text", "a", ()),
        (PARCELS, "so_thua", ("207", "208")),
        (PARCELS, "chu.ten", ("A",)),
        (["a", "b"], "", ()),
    ],
)
def test_a_path_leads_to_every_value_it_names(
    value: Json, path: str | None, expected: tuple[Json, ...]
) -> None:
    """False and zero are values; nothing and the empty text are not."""
    assert expected == found(value, path)


def test_a_list_of_one_is_that_one() -> None:
    """An element that may be several is still one value for the question that it feeds."""
    assert ("a", "b", "c") == items(("a", ["b"], [], ["c"]))


def test_items_keep_their_places() -> None:
    """The second choice of two fields is the same parcel, also when one of them is empty."""
    assert ("207", None) == each_of([{"so": "207"}, {"loai": "ODT"}], "so")
    assert ("207",) == each_of({"so": "207"}, "so")


def test_the_same_value_twice_is_one_value() -> None:
    """Two parcels of one certificate are one serial number."""
    assert ("a", {"x": 1}) == distinct(("a", {"x": 1}, "a", {"x": 1}))


@pytest.mark.parametrize(
    ("left", "right", "one"),
    [
        ("Nguyễn Thị Ánh", "NGUYỄN  THỊ ÁNH", True),
        ("Nguyễn Thị Ánh", unicodedata.normalize("NFD", "Nguyễn Thị Ánh"), True),
        ("Hoà Thuý", "Hòa Thúy", True),
        ("Ánh", "Anh", False),
        ("Ánh", "Ảnh", False),
        ("Đặng", "Dặng", False),
        ("Nguyễn Ánh", "Ánh Nguyễn", False),
        ("Huỳnh", "Hùynh", True),
    ],
    ids=["case", "decomposed", "tone place", "tone", "other tone", "đ", "order", "slip of tone"],
)
def test_two_spellings_of_one_name_are_told_from_two_names(
    left: str, right: str, one: bool
) -> None:
    """Old and new tone rules spell one name twice; another tone is another person."""
    assert one == (name_key(left) == name_key(right))


@pytest.mark.parametrize(
    ("compare", "left", "right", "agree"),
    [
        ("equal", "a  b", "a b", True),
        ("equal", {"x": 1, "y": 2}, {"y": 2, "x": 1}, True),
        ("equal", 1, 2, False),
        ("name", "An Bình", "an bình", True),
        ("place", {"ma_xa": "1", "chi_tiet": "Số 1", "ten_xa": "A"},
         {"ma_xa": "1", "chi_tiet": "số 1", "ten_xa": "B"}, True),
        ("place", {"ma_xa": "1", "chi_tiet": "Số 1"}, {"ma_xa": "2", "chi_tiet": "Số 1"}, False),
        ("place", "Số 1", "số  1", True),
    ],
)  # fmt: skip
def test_places_agree_in_the_way_that_the_check_names(
    compare: str, left: Json, right: Json, agree: bool
) -> None:
    """What counts as the same depends on what it is."""
    assert agree == same(compare, (left,), (right,))


ADDRESS = {"chi_tiet": "Số 12 đường Bến Nghè", "ma_xa": "99003", "ten_xa": "Phường Vĩnh Trà"}


@pytest.mark.parametrize(
    ("typed", "value", "meant"),
    [
        ("Nữ", "nữ", True),
        ("126,5", 126.5, True),
        ("126", 126.0, True),
        ("0012", "12", False),
        ("127", 126.5, False),
        ("1/2/1990", "1990-02-01", True),
        ("01.02.1990", "1990-02-01", True),
        ("2/1/1990", "1990-02-01", False),
        (True, True, True),
        (False, True, False),
        ("số 12 đường bến nghè, phường Vĩnh Trà", ADDRESS, True),
        ("số 13 đường bến nghè", ADDRESS, False),
        ("Phường Vĩnh Trà", {"ma_xa": "99003"}, False),
    ],
)
def test_a_person_may_type_it_in_their_own_way(typed: Json, value: Json, meant: bool) -> None:
    """A comma is not a contradiction; another house is."""
    assert meant == as_typed(typed, value)


def test_one_of_several_holders_is_enough() -> None:
    """The applicant may be one of two owners."""
    assert same("among", ("An Bình",), ("Lê Hà", "An Bình"))
    assert not same("among", ("An Bình",), ("Lê Hà",))


@pytest.mark.parametrize("compare", sorted(COMPARISONS))
def test_what_is_missing_contradicts_nothing(compare: str) -> None:
    """An empty register is not a liar."""
    assert same(compare, (), ("x",))
    assert same(compare, ("x",), ())
