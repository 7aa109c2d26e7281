"""Every refusal that a caller can provoke, over HTTP, each with its code and its record."""

import gzip
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from auth.client import ClientKey, client_assertion, new_client_key, token_form
from gateway.calling.system import System
from gateway.calling.wire import Answer, send
from gateway.demo.province import Province
from gateway.errors import Code
from gateway.problems import PROBLEMS
from tests.bound import HEADERS, bearing
from tests.province import (
    AN,
    ANH,
    KHOI,
    MARRIAGE,
    PERMIT,
    exchange_of,
    leaves_of,
    token_of_age,
)

Caller = Callable[[str], System]
WHOLE: dict[str, Any] = {"subject": ANH, **PERMIT}
CARE = {"subject": ANH, "purpose": "cham-soc-suc-khoe"}
SENSITIVE = {"subject": ANH, **PERMIT, "procedure": "1.004222", "fields": ["dan_toc"]}

# Who asks what, and why it is refused; every one of these callers has proven who it is.
REFUSED: dict[str, tuple[str, str, dict[str, Any], Code]] = {
    "a field that the service has not": (
        "motcua-xa", "dancu.xacthuc", {**WHOLE, "fields": ["luong"]}, Code.VALIDATION_FAILED
    ),
    "a person without a name": (
        "motcua-xa", "dancu.xacthuc", {**WHOLE, "subject": {"so_dinh_danh": "003190000123"}},
        Code.VALIDATION_FAILED,
    ),
    "more about the person than needed": (
        "motcua-xa", "dancu.xacthuc", {**WHOLE, "subject": {**ANH, "so_to": "1"}},
        Code.VALIDATION_FAILED,
    ),
    "a purpose that is not on the list": (
        "motcua-xa", "dancu.xacthuc", {**WHOLE, "purpose": "to-mo"}, Code.PURPOSE_MISSING
    ),
    "no procedure": (
        "motcua-xa", "dancu.xacthuc", {"subject": ANH, "purpose": "giai-quyet-tthc"},
        Code.PROCEDURE_REQUIRED,
    ),
    "no dossier": (
        "motcua-xa", "dancu.xacthuc",
        {"subject": ANH, "purpose": "giai-quyet-tthc", "procedure": "1.013225"},
        Code.DOSSIER_REQUIRED,
    ),
    "a procedure nobody knows": (
        "motcua-xa", "dancu.xacthuc", {**WHOLE, "procedure": "9.999999"}, Code.PROCEDURE_UNKNOWN
    ),
    "a service nobody knows": ("motcua-xa", "dancu.khongco", WHOLE, Code.SERVICE_UNKNOWN),
    "a service that is shut by rule": (
        "motcua-xa", "dancu.danhsach", WHOLE, Code.SERVICE_DISABLED
    ),
    "a service that was retired": (
        "thu-canbo", "dancu.nghiviec", WHOLE, Code.VERSION_RETIRED
    ),
    "a service past its last day": ("thu-canbo", "dancu.hethan", WHOLE, Code.VERSION_RETIRED),
    "a service that wants an official": (
        "thu-canbo", "dancu.canbo", WHOLE, Code.OFFICIAL_REQUIRED
    ),
    "nothing signed": ("thongke-tinh", "datdai.thua", {
        "subject": {"ma_xa": "99003", "so_to": "12", "so_thua": "207"}, **PERMIT,
    }, Code.NO_AGREEMENT),
    "an agreement that ended": (
        "benhvien-tinh", "hotich.khaitu", CARE, Code.AGREEMENT_EXPIRED
    ),
    "an agreement that is suspended": (
        "benhvien-tinh", "hotich.khaisinh", CARE, Code.AGREEMENT_SUSPENDED
    ),
    "another purpose than agreed": (
        "motcua-xa", "dancu.tracuu", {"subject": ANH, "purpose": "khach-hang"},
        Code.PURPOSE_NOT_COVERED,
    ),
    "another procedure than agreed": (
        "motcua-xa", "dancu.xacthuc", {**WHOLE, "procedure": "1.001613"},
        Code.PROCEDURE_NOT_COVERED,
    ),
    "a field that was not agreed": (
        "motcua-xa", "dancu.tracuu", {**WHOLE, "fields": ["ton_giao"]}, Code.FIELD_NOT_ALLOWED
    ),
    "outside office hours": (
        "thu-hanmuc", "dancu.tracuu", WHOLE, Code.OUTSIDE_WINDOW
    ),
    "names for statistics": (
        "thongke-tinh", "dancu.tracuu", {"subject": ANH, "purpose": "thong-ke"},
        Code.NO_LEGAL_BASIS,
    ),
    "no consent": (
        "thu-dongy", "dancu.tracuu", {"subject": ANH, "purpose": "khach-hang"},
        Code.CONSENT_REQUIRED,
    ),
    "a child without a parent": (
        "motcua-xa", "dancu.xacthuc", {**WHOLE, "subject": AN}, Code.REPRESENTATIVE_REQUIRED
    ),
    "somebody the register does not recognise": (
        "motcua-xa", "dancu.tracuu", {**WHOLE, "subject": {**ANH, "ngay_sinh": "1991-02-01"}},
        Code.NO_MATCH,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("client", "service", "question", "code"), REFUSED.values(), ids=REFUSED)
def test_a_known_caller_is_refused_with_a_code_and_a_record(  # noqa: PLR0917 - a row of the table
    province: Province,
    system: Caller,
    client: str,
    service: str,
    question: dict[str, Any],
    code: Code,
) -> None:
    """The caller learns what to do, the log learns who was refused and why, nobody sees data."""
    answer = system(client).ask(service, question)

    expect_problem(answer, code)
    (leaf,) = leaves_of(province, exchange_of(answer))
    assert ("deny", "deny", [code.value]) == (
        leaf["type"], leaf["basis"]["decision"], leaf["basis"]["reasons"],
    )  # fmt: skip
    assert ("no", PROBLEMS[code].status) == (leaf["res"]["delivered"], leaf["res"]["status"])
    assert client == leaf["actor"]["client"]
    known = None if code is Code.SERVICE_UNKNOWN else service  # no word of the wire is recorded
    assert known == leaf.get("target", {}).get("service")


BROKEN: dict[str, tuple[str, bytes, dict[str, str], Code]] = {
    "half a document": ("POST", b'{"subject":', {}, Code.MALFORMED_JSON),
    "not UTF-8": ("POST", b'{"purpose":"\xff"}', {}, Code.MALFORMED_JSON),
    "a document too deep": ("POST", b"[" * 17 + b"]" * 17, {}, Code.MALFORMED_JSON),
    "no purpose": ("POST", json.dumps({"subject": ANH}).encode(), {}, Code.PURPOSE_MISSING),
    "an unknown member": (
        "POST", json.dumps({**WHOLE, "limit": 1}).encode(), {}, Code.VALIDATION_FAILED,
    ),
    "an impossible deadline": (
        "POST", json.dumps(WHOLE).encode(), {"Lgsp-Deadline-Ms": "0"}, Code.VALIDATION_FAILED,
    ),
    "a body too large": ("POST", b" " * 65_537, {}, Code.BODY_TOO_LARGE),
    "another type": ("POST", b"<a/>", {"Content-Type": "text/xml"}, Code.UNSUPPORTED_MEDIA_TYPE),
    "a compressed body": (
        "POST", gzip.compress(json.dumps(WHOLE).encode()), {"Content-Encoding": "gzip"},
        Code.UNSUPPORTED_MEDIA_TYPE,
    ),
    "another method": ("PUT", b"{}", {}, Code.METHOD_NOT_ALLOWED),
}  # fmt: skip


@pytest.mark.parametrize(("method", "body", "headers", "code"), BROKEN.values(), ids=BROKEN)
def test_a_broken_question_is_refused_before_anything_is_believed(  # noqa: PLR0917 - a row
    province: Province,
    system: Caller,
    method: str,
    body: bytes,
    headers: dict[str, str],
    code: Code,
) -> None:
    """Somebody known sent it, so the log says who was refused and why; of the rest nothing."""
    named = system("motcua-xa").headers(method, "/v1/data/dancu.xacthuc")
    usual = {"Content-Type": "application/json"}

    answer = send(province.gateway, method, "/v1/data/dancu.xacthuc", body, named | usual | headers)

    expect_problem(answer, code)
    assert (code is Code.UNSUPPORTED_MEDIA_TYPE) == ("accept-encoding" in answer.headers)
    (leaf,) = leaves_of(province, exchange_of(answer))
    assert ([code.value], method) == (leaf["basis"]["reasons"], leaf["req"]["m"])
    assert ("motcua-xa", None) == (leaf["actor"]["client"], leaf.get("subj"))


TOKENS = {
    "none": (lambda _: {}, Code.TOKEN_MISSING),
    "noise": (lambda _: {"Authorization": "Bearer x.y.z"}, Code.TOKEN_INVALID),
    "another scheme": (lambda _: {"Authorization": "Basic eA=="}, Code.TOKEN_MISSING),
    "an old one": (lambda p: bearing(token_of_age(p, 400)), Code.TOKEN_EXPIRED),
    "a touched one": (lambda p: bearing(token_of_age(p, 0)[:-6] + "AAAAAA"), Code.TOKEN_INVALID),
}


def schemes(answer: Answer) -> list[str]:
    """Return the ways that the challenges of *answer* offer, in order."""
    return re.findall(r"(\w+) realm=", answer.headers["www-authenticate"])


@pytest.mark.parametrize(("headers", "code"), TOKENS.values(), ids=TOKENS)
def test_whoever_has_not_proven_who_it_is_learns_nothing(
    province: Province, headers: Callable[[Province], dict[str, str]], code: Code
) -> None:
    """No data, no record of anybody, and the challenges of RFC 9449 and RFC 6750."""
    usual = {"Content-Type": "application/json"}
    content = json.dumps(WHOLE).encode()

    answer = send(
        province.gateway, "POST", "/v1/data/dancu.xacthuc", content, usual | headers(province)
    )

    expect_problem(answer, code)
    assert "Bearer" in schemes(answer)
    assert [] == leaves_of(province, exchange_of(answer))


def test_a_token_made_by_hand_is_good_when_it_is_young(province: Province) -> None:
    """The control of the two tests above: the same token, not old and not touched, is believed."""
    usual = {"Content-Type": "application/json"}
    headers = usual | bearing(token_of_age(province, 0))

    answer = send(
        province.gateway, "POST", "/v1/data/dancu.xacthuc", json.dumps(WHOLE).encode(), headers
    )

    assert "ok" == answer.code


def test_an_address_that_is_no_route_is_not_found(province: Province) -> None:
    """Also the framework's own errors speak the one language of problems."""
    expect_problem(send(province.gateway, "GET", "/v2/khong/co"), Code.NOT_FOUND)


FAULTS = {
    "noise": ("garbled", 1, Code.SOURCE_MALFORMED),
    "another shape": ("schema-drift", 1, Code.SOURCE_SCHEMA_MISMATCH),
    "somebody else": ("wrong-person", 1, Code.SOURCE_SCHEMA_MISMATCH),
    "its own error": ("error-500", 2, Code.SOURCE_UNAVAILABLE),
    "silence": ("silent", 1, Code.SOURCE_TIMEOUT),
}


@pytest.mark.parametrize(("fault", "times", "code"), FAULTS.values(), ids=FAULTS)
def test_a_source_that_fails_is_named_as_the_origin(
    province: Province, system: Caller, fault: str, times: int, code: Code
) -> None:
    """The caller learns that it is not its own mistake; the record says the same."""
    misbehave(province, fault, times)
    try:
        answer = system("thu-hotich").ask(
            "hotich.kethon", {"subject": ANH, **MARRIAGE}, **{"Lgsp-Deadline-Ms": "600"}
        )
    finally:
        misbehave(province, fault, 0)

    expect_problem(answer, code)
    assert "source" == answer.body["origin"]
    (leaf,) = leaves_of(province, exchange_of(answer))
    assert [code.value] == leaf["basis"]["reasons"]


def test_a_source_that_keeps_failing_is_left_in_peace(province: Province, system: Caller) -> None:
    """After five failures in a row a worker stops asking for a while, and says so at once."""
    misbehave(province, "error-500", -1)
    try:
        answers = [
            system("thu-hotich").ask("hotich.kethon", {"subject": ANH, **MARRIAGE})
            for _ in range(30)
        ]
    finally:
        misbehave(province, "error-500", 0)

    open_now = [each for each in answers if each.code == Code.CIRCUIT_OPEN]
    assert {Code.SOURCE_UNAVAILABLE, Code.CIRCUIT_OPEN} == {each.code for each in answers}
    expect_problem(open_now[0], Code.CIRCUIT_OPEN)
    assert int(open_now[0].headers["retry-after"]) >= 1


def test_a_refusal_in_english_is_the_same_refusal(system: Caller) -> None:
    """The code is what programs switch on; the words follow the reader."""
    question = {"subject": KHOI, "purpose": "khach-hang"}

    answer = system("thu-dongy").ask("dancu.tracuu", question, **{"Accept-Language": "en"})

    expect_problem(answer, Code.CONSENT_REQUIRED)
    assert "en" == answer.headers["content-language"]
    assert PROBLEMS[Code.CONSENT_REQUIRED].title_en == answer.body["title"]


def token_request(province: Province, key: ClientKey, **options: int) -> Answer:
    """Ask for a token of the permit desk with an assertion signed by *key*."""
    return posted(province, assertion_of(province, key, **options))


def assertion_of(province: Province, key: ClientKey, *, age_s: int = 0) -> str:
    """Return the permit desk's assertion, made *age_s* seconds ago."""
    return client_assertion(
        key.private, client_id="motcua-xa", audience=province.gateway, now=time.time() - age_s
    )


def posted(province: Province, assertion: str) -> Answer:
    """Send one token request."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", **HEADERS}
    return send(province.gateway, "POST", "/oauth/token", token_form(assertion), headers)


def test_an_assertion_counts_once(province: Province) -> None:
    """Whoever overhears an assertion gets nothing for it, at whichever worker."""
    assertion = assertion_of(province, province.keys["motcua-xa"])

    first, *others = [posted(province, assertion) for _ in range(6)]

    assert (200, "Bearer") == (first.status, first.body["token_type"])
    assert {(401, "invalid_client", Code.CLIENT_ASSERTION_REPLAYED)} == {
        (each.status, each.body["error"], each.body["code"]) for each in others
    }


def test_an_assertion_of_nobody_or_of_yesterday_proves_nothing(province: Province) -> None:
    """RFC 7523: the key that was registered, and a life of minutes."""
    stranger = token_request(province, new_client_key())
    late = token_request(province, province.keys["motcua-xa"], age_s=3_600)

    for answer in (stranger, late):
        assert (401, "invalid_client", Code.CLIENT_ASSERTION_INVALID) == (
            answer.status, answer.body["error"], answer.body["code"],
        )  # fmt: skip
        assert "access_token" not in answer.body


def misbehave(province: Province, fault: str, times: int) -> None:
    """Order the civil register, which no other test needs, to be wrong."""
    send(province.registers["civil"], "POST", f"/__faults/{fault}?times={times}")


def expect_problem(answer: Answer, code: Code) -> None:
    """Demand a whole problem document of *code* (RFC 9457)."""
    problem = PROBLEMS[code]
    assert (code.value, problem.status) == (answer.code, answer.status)
    assert "application/problem+json" == answer.headers["content-type"]
    assert "no-store" == answer.headers["cache-control"]
    assert {"title_vi", "title_en", "next_vi", "next_en", "exchange_id"} <= answer.body.keys()
    assert problem.retryable == answer.body["retryable"]
    assert "record" not in answer.body
