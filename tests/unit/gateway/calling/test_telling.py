"""How an answer reads at a terminal."""

from typing import Any

from gateway.calling.telling import told
from gateway.calling.wire import Answer, Json
from gateway.errors import Code
from gateway.problems import problem_body


def an_answer(status: int, body: Json) -> Answer:
    """Return an answer that took a millisecond."""
    return Answer(status, {}, body, 1.0)


WHOLE: dict[str, Any] = {
    "exchange_id": "0193-x",
    "record": {"ho_ten": "Nguyễn Thị Ánh", "thuong_tru": {"xa": "99003"}},
    "provenance": {"ho_ten": {"source": "population"}},
    "withheld": [{"field": "dan_toc", "code": "not_in_agreement", "reason": {"vi": "Ngoài thoả"}}],
    "unavailable": [{"field": "ngay_mat", "code": "unknown_to_source"}],
    "basis": {"instrument": "60/2014/QH13", "article": "Điều 10", "mark": "derived"},
    "receipt": {"writer": "w1", "seq": 7},
}


def test_an_answer_tells_each_value_with_its_ground_and_its_record() -> None:
    """Whoever sees the value sees by which right, and where that is written down."""
    lines = told(an_answer(200, WHOLE)).splitlines()

    assert [
        "ho_ten: Nguyễn Thị Ánh   ← population",
        'thuong_tru: {"xa": "99003"}',
        "giữ lại / withheld  dan_toc: Ngoài thoả (not_in_agreement)",
        "chưa có / unavailable  ngay_mat: unknown_to_source",
        "căn cứ / basis  60/2014/QH13, Điều 10, derived",
        "bản ghi / record  w1 #7",
        "lần trao đổi / exchange  0193-x",
    ] == lines


def test_a_problem_says_what_to_do_next_in_vietnamese_first() -> None:
    """The code for programs, the way out for people."""
    body = problem_body(
        Code.PURPOSE_MISSING, exchange_id="0193-x", facts={}, trace_id="0" * 32, vietnamese=True
    )
    first, second, *others = told(an_answer(422, body)).splitlines()

    assert f"422 purpose_missing: {body['title_vi']}" == first
    assert body["next_vi"] == second
    assert [body["title_en"], body["next_en"]] == others[:2]
    assert len(others) == len(set(others))


def test_a_refusal_of_another_kind_is_told_by_its_own_words() -> None:
    """A token endpoint speaks OAuth, and a proxy may say next to nothing."""
    refused = an_answer(401, {"error": "invalid_client", "error_description": "no such key"})

    assert "401 invalid_client\nno such key" == told(refused)
    assert "502 ?" == told(an_answer(502, {}))
