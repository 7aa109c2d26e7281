"""The route that fills a form, over a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import httpx
import msgspec
import pytest
import uvicorn
from litestar import Litestar
from litestar.di import Provide

from auth.credentials.proxies import Proxies
from auth.possession.certificates import CertificatePeers
from gateway.api.bodies import Limits, decoded
from gateway.api.credentials import Credentials
from gateway.api.failures import HANDLERS
from gateway.api.prefill import PrefillController, describe, request_id
from gateway.api.wire import Headers
from gateway.errors import Code, Refusal
from gateway.prefill.schemas import PrefillBody
from gateway.stages.evidence import Asked, Identified
from gateway.stages.presented import Presented
from tests.builders import CANARY, NOON, a_principal
from tests.prefill_builders import LOOKUP, PERMIT, TITLE, FakeExchange, a_prefill

PATH = f"/v1/prefill/{PERMIT}"
BODY: dict[str, object] = {
    "subject": {
        "so_dinh_danh": "003190000123",
        "ho_ten": "Nguyễn Thị Ánh",
        "ngay_sinh": "1990-02-01",
    },
    "dossier": "HS-1",
}
TOKEN = {"Authorization": "Bearer good"}


async def good_tokens_only(asked: Asked) -> Identified:
    """Know one token."""
    if asked.token != "good":
        raise Refusal(Code.TOKEN_INVALID if asked.token else Code.TOKEN_MISSING)
    return Identified(asked, a_principal())


class Desk:
    """The application, what it asks, and whom it turned away."""

    def __init__(self) -> None:
        self.exchange = FakeExchange()
        self.turned_away: list[tuple[str, str]] = []
        self.limits = Limits(deadline_ms=2_000)
        self.signed: list[tuple[Presented | None, int, bytes]] = []

    def sign(self, request: Presented | None, status: int, body: bytes) -> Headers:
        """Sign whatever answers a signed request, after a fashion."""
        self.signed.append((request, status, body))
        return [] if request is None else [(b"signature", b"sig=:AA==:")]

    def application(self) -> Litestar:
        """Return the application with this one controller."""

        async def turn_away(asked: Asked, refused: Refusal) -> None:
            self.turned_away.append((asked.token, refused.code.value))

        prefill = a_prefill(self.exchange, authenticate=good_tokens_only, turn_away=turn_away)
        values: dict[str, Callable[[], object]] = {
            "prefill": lambda: prefill,
            "signs": lambda: self.sign,
            "clock": lambda: lambda: NOON,
            "limits": lambda: self.limits,
            "credentials": lambda: Credentials(
                "https://lgsp.example", CertificatePeers(()), Proxies(())
            ),
        }
        return Litestar(
            [PrefillController],
            dependencies={
                name: Provide(value, sync_to_thread=False) for name, value in values.items()
            },
            exception_handlers={**HANDLERS},
            logging_config=None,
        )


@pytest.fixture
def desk() -> Desk:
    """What stands behind the socket."""
    return Desk()


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application on a free loopback port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(desk.application(), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve([listener]))
            base = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=10) as client:
                yield client
            server.should_exit = True
            await serving


async def test_questions_of_a_signed_form_carry_its_signature(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    """One signature, as many questions as the form needs, and one signed answer."""
    plain = await http.post(PATH, json=BODY, headers=TOKEN)
    assert {None} == {each.signed for each in desk.exchange.asked}
    desk.exchange.asked.clear()

    given = {"Signature": "sig=:AA==:", "Signature-Input": "sig=()"}
    reply = await http.post(PATH, json=BODY, headers={**TOKEN, **given})
    (presented,) = {each.signed for each in desk.exchange.asked}

    assert presented is not None
    assert (f"https://lgsp.example{PATH}", "POST") == (
        presented.asking.url,
        presented.asking.method,
    )
    assert (presented, 200, reply.content) == desk.signed[-1]
    assert "signature" in reply.headers
    assert "signature" not in plain.headers


async def test_a_form_comes_back_field_by_field(http: httpx.AsyncClient) -> None:
    """One call, one body, nothing about the person in the address."""
    reply = await http.post(PATH, json=BODY, headers=TOKEN)

    assert 200 == reply.status_code
    assert "no-store" == reply.headers["cache-control"]
    body = reply.json()
    assert {"procedure", "dossier", "exchanges", "fields", "contradictions", "components",
            "counts"} == body.keys()  # fmt: skip
    address = next(each for each in body["fields"] if each["code"] == "chu.thuong_tru")
    assert "csdl.dancu" == address["source"]
    assert "99003" == address["value"]["ma_xa"]


async def test_the_callers_request_id_comes_back(http: httpx.AsyncClient, desk: Desk) -> None:
    """One id through the form and every exchange of it."""
    wanted = "0192f0c1-0000-7000-8000-000000000001"

    reply = await http.post(PATH, json=BODY, headers=TOKEN | {"Lgsp-Request-Id": wanted})

    assert wanted == reply.headers["lgsp-request-id"]
    assert {wanted} == {each.request_id for each in desk.exchange.asked}


async def test_the_subject_is_put_into_its_one_form(http: httpx.AsyncClient, desk: Desk) -> None:
    """Decomposed letters and stray blanks do not make another person."""
    body = BODY | {
        "subject": {
            "so_dinh_danh": "003190000123",
            "ho_ten": " Nguye\u0302\u0303n  Thi\u0323 A\u0301nh ",
            "ngay_sinh": "1990-02-01",
        }
    }

    await http.post(PATH, json=body, headers=TOKEN)

    assert "Nguyễn Thị Ánh" == desk.exchange.of(LOOKUP).subject.ho_ten


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "token_missing"), ({"Authorization": "Bearer bad"}, "token_invalid")],
)
async def test_an_unknown_caller_is_a_401(
    http: httpx.AsyncClient, desk: Desk, headers: dict[str, str], code: str
) -> None:
    """Nothing is asked, and the log is told who came and why they went."""
    reply = await http.post(PATH, json=BODY, headers=headers)

    assert (401, code) == (reply.status_code, reply.json()["code"])
    assert [code] == [each for _, each in desk.turned_away]
    assert [] == desk.exchange.asked


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b"\xff", 400, "malformed_json"),
        (b"[" * 40 + b"]" * 40, 400, "malformed_json"),
        (b"{}", 400, "validation_failed"),
        (b'{"subject":{},"dossier":"HS-1","la":1}', 400, "validation_failed"),
        (b'{"subject":{},"dossier":"HS 1"}', 400, "validation_failed"),
        (b" " * 70_000, 413, "body_too_large"),
    ],
    ids=["cut", "not text", "deep", "empty", "unknown member", "dossier", "large"],
)
async def test_a_body_that_is_none_is_refused(
    http: httpx.AsyncClient, content: bytes, status: int, code: str
) -> None:
    """Each in the words of the table of problems."""
    reply = await http.post(
        PATH, content=content, headers=TOKEN | {"Content-Type": "application/json"}
    )

    assert (status, code) == (reply.status_code, reply.json()["code"])


async def test_a_purpose_that_no_list_knows_is_told(http: httpx.AsyncClient, desk: Desk) -> None:
    """Thirty fields without an agreement would send the caller to the wrong desk."""
    reply = await http.post(PATH, json=BODY | {"purpose": "giai-quyet-thc"}, headers=TOKEN)

    assert (400, "purpose_missing") == (reply.status_code, reply.json()["code"])
    assert [("good", "purpose_missing")] == desk.turned_away


@pytest.mark.parametrize("media", ["text/plain", "", "application/x-www-form-urlencoded"])
async def test_a_body_that_does_not_say_it_is_json_is_refused(
    http: httpx.AsyncClient, desk: Desk, media: str
) -> None:
    """As a single question would be; and it is on record who sent it."""
    content = msgspec.json.encode(BODY)
    refused = await http.post(PATH, content=content, headers=TOKEN | {"Content-Type": media})
    taken = await http.post(
        PATH, content=content, headers=TOKEN | {"Content-Type": "Application/JSON; charset=utf-8"}
    )

    assert (415, "unsupported_media_type") == (refused.status_code, refused.json()["code"])
    assert [("good", "unsupported_media_type")] == desk.turned_away
    assert 200 == taken.status_code


async def test_an_unknown_procedure_is_told(http: httpx.AsyncClient, desk: Desk) -> None:
    """Before anybody is asked."""
    reply = await http.post("/v1/prefill/9.999999", json=BODY, headers=TOKEN)

    assert (404, "procedure_unknown") == (reply.status_code, reply.json()["code"])
    assert [("good", "procedure_unknown")] == desk.turned_away
    assert [] == desk.exchange.asked


@pytest.mark.parametrize(
    "body",
    [
        BODY | {"subject": {"so_dinh_danh": CANARY + "1"}},
        BODY | {"subject": BODY["subject"], "dossier": CANARY + " "},
        BODY | {"typed": {CANARY: 1}},
        BODY | {"typed": {f"x {CANARY}": 1}},
        BODY | {CANARY: 1},
        BODY | {"fields": [CANARY]},
    ],
)
async def test_a_refusal_never_repeats_what_was_sent(
    http: httpx.AsyncClient, body: dict[str, object]
) -> None:
    """A number that a caller put into the wrong place goes no further (promise P6)."""
    reply = await http.post(PATH, json=body, headers=TOKEN)

    assert 400 == reply.status_code
    assert CANARY not in reply.text


async def test_a_failed_source_leaves_a_form_with_holes(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    """The form is worth having without the land register."""
    desk.exchange.answer(TITLE, Refusal(Code.SOURCE_UNAVAILABLE))

    body = (await http.post(PATH, json=BODY, headers=TOKEN)).json()

    states = {each["code"]: each["state"] for each in body["fields"]}
    assert ("filled", "missing") == (states["chu.thuong_tru"], states["dat.so_phat_hanh"])


@pytest.mark.parametrize("wanted", [b"", b"\xff", b"003190000123", b"0192f0c1"])
def test_a_request_id_that_is_none_is_replaced(wanted: bytes) -> None:
    """Only a UUID is echoed; a number in its place is not."""
    given = {b"lgsp-request-id": wanted}
    assert 36 == len(request_id(given))
    assert request_id(given).encode() != wanted


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'{"subject":{"ngay_sinh":{"nam":"x"}},"dossier":"HS-1"}', "/subject/ngay_sinh/nam"),
        (b'{"subject":{}}', "/dossier"),
        (b'{"subject":{},"dossier":1}', "/dossier"),
        (b"[]", ""),
    ],
)
def test_what_is_wrong_is_named_by_its_place(raw: bytes, pointer: str) -> None:
    """RFC 6901."""
    with pytest.raises(Refusal) as refused:
        decoded(msgspec.json.Decoder(PrefillBody), raw, 16)

    errors = refused.value.facts["errors"]
    assert [pointer] == [each["pointer"] for each in errors]  # type: ignore[attr-defined]


def test_the_document_describes_the_body(desk: Desk) -> None:
    """What the handler reads by itself, the document says by itself."""
    document = desk.application().openapi_schema
    describe(document)

    written = document.to_schema()

    route = written["paths"]["/v1/prefill/{procedure}"]["post"]
    body = route["requestBody"]["content"]["application/json"]["schema"]
    assert {"$ref": "#/components/schemas/PrefillBody"} == body
    assert {"PrefillBody", "Subject"} <= written["components"]["schemas"].keys()
