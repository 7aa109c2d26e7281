"""Whatever is asked, a register answers in its own words and does not break."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mocks.config import Config
from mocks.province import build
from mocks.serving import PORTS, register
from mocks.wire import Request
from tests.registers import LAND_HEADERS, envelope, population_headers

PATHS = {
    "population": ["/dancu/1.0"],
    "land": [
        "/api/v1/giay-chung-nhan/tim-kiem",
        "/api/v1/thua-dat/tim-kiem",
        "/api/v1/chu-su-dung/xac-minh",
    ],
    "insurance": ["/bhxh/v2/the-bhyt", "/bhxh/v2/qua-trinh", "/bhxh/v2/dang-huong", "/token"],
    "civil": ["/hotich/v1/khai-sinh", "/hotich/v1/khai-tu", "/hotich/v1/ket-hon"],
}
MEMBERS = [
    *("soGiayTo", "soPhatHanh", "xaId", "soHieuToBanDo", "soThuTuThua", "ngayDiaGioi", "soCu"),
    *("trang", "soDinhDanh", "maSoBhxh", "hoTen", "ngaySinh", "loaiNgaySinh", "chiTiet"),
]
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["003190000123", "0301900123", "99003", "12", "2025-06-30", "01/02/1990"]),
)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 200), TEXTS)
JSON_BODIES = st.dictionaries(st.sampled_from(MEMBERS), VALUES).map(
    lambda d: json.dumps(d).encode()
)
HEADERS = {
    **population_headers(),
    **LAND_HEADERS,
}


@pytest.mark.parametrize("name", list(PORTS))
def test_no_body_breaks_a_register(name: str, tmp_path: Path) -> None:
    """A stand-in that breaks would blame the caller's code for its own fault."""
    people = len(build.__wrapped__(1, 24).people)
    asked = register(name, tmp_path, Config(), seed=1, people=people)
    token = asked.answer(_request("/token", b"grant_type=client_credentials", _basic(name)))
    known = _headers(name, token.body)

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(PATHS[name]), st.one_of(st.binary(max_size=80), JSON_BODIES))
    def ask(path: str, body: bytes) -> None:
        reply = asked.answer(_request(path, body, known))
        assert reply.status in {200, 400, 401, 404, 500}
        assert reply.body

    ask()
    asked.close()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_no_header_breaks_a_register(store: Path, authorization: str, access: str) -> None:
    """Credentials are the first thing a stranger plays with."""
    for name in PORTS:
        asked = register(name, store, Config(), seed=1, people=24)
        headers = {"authorization": authorization, "lgspaccesstoken": access}
        for scheme in ("", "Basic ", "Bearer "):
            tried = {**headers, "authorization": scheme + authorization}
            assert asked.answer(_request(PATHS[name][0], b"", tried)).status in {401, 403}
        asked.close()


@pytest.mark.parametrize("old", [b"19900201", b"NGUYEN", b"yc-1", b"1.013225"])
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=30))
def test_no_text_in_an_envelope_breaks_the_population_register(
    store: Path, old: bytes, text: str
) -> None:
    """Names come from keyboards of every kind."""
    person = {"SoDinhDanh": "003190000123", "HoVaTen": "NGUYEN", "NgayThangNamSinh": "19900201"}
    body = envelope("TraCuuThongTinCongDan", person).replace(old, text.encode("utf-8", "replace"))
    asked = register("population", store, Config(), seed=1, people=24)

    reply = asked.answer(_request("/dancu/1.0", body, _headers("population", b"{}")))

    assert reply.status in {200, 500}
    asked.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory of a small province's stores."""
    return tmp_path_factory.mktemp("nonsense")


def _basic(name: str) -> dict[str, str]:
    pairs = {
        "insurance": "bW90bGFuLWRlbW86Ymh4aC1kZW1vLXNlY3JldA==",
        "civil": "bW90bGFuOmhvdGljaC1kZW1v",
    }
    return {"authorization": f"Basic {pairs.get(name, '')}"}


def _headers(name: str, token: bytes) -> dict[str, str]:
    headers = {key.lower(): value for key, value in HEADERS.items()}
    if name == "civil":
        return {**headers, **_basic(name)}
    if name == "insurance":
        return {**headers, "authorization": f"Bearer {json.loads(token)['access_token']}"}
    return headers


def _request(path: str, body: bytes, headers: dict[str, str]) -> Request:
    return Request("POST", path, "", headers, body)
