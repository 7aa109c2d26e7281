"""Promise P6: a person asked about in every way there is, and looked for everywhere afterwards."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from auth.client import client_assertion, new_client_key, token_form
from gateway.calling.wire import Answer, send
from gateway.demo.processes import answers
from gateway.demo.province import Province
from gateway.demo.records import Books
from gateway.demo.sign_on import CITIZENS
from tests.browsers import citizen_browser, provider_of
from tests.canary import BORN, INSURED, NAME, NUMBER, SERIAL, traces_in
from tests.collectors import Collector, collecting
from tests.conftest import in_a_loop
from tests.province import BANK, MARRIAGE, PERMIT, a_province, in_thread, system_of, with_database

CANARY = "p22"
EXPORTER = find_spec("opentelemetry.exporter.otlp")  # an extra, see pyproject.toml
YEN = {"so_dinh_danh": NUMBER, "ho_ten": NAME, "ngay_sinh": BORN}
OWNER = {"so_dinh_danh": NUMBER, "ho_ten": NAME}
WHOLE: dict[str, Any] = {"subject": YEN, **PERMIT}
SOCIAL = {**PERMIT, "procedure": "1.001613"}
FAULTS = (
    "garbled", "truncated", "oversize", "half-closed", "wrong-content-type", "redirect",
    "error-500", "busy", "wrong-person", "schema-drift", "silent",
)  # fmt: skip
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
STORES = ("registers",)  # the stand-ins' own books: they are the register


@dataclass
class Traces:
    """What the calls left: answers as callers saw them, then everything on the machine."""

    province: Province
    collector: Collector
    problems: list[Answer] = field(default_factory=list[Answer])
    allowed: list[Answer] = field(default_factory=list[Answer])

    def note(self, answer: Answer) -> None:
        """Keep one answer."""
        (self.allowed if answer.status == 200 else self.problems).append(answer)


@pytest.fixture(scope="module")
def traces() -> Iterator[Traces]:
    """Give a province in which one person was asked about in every way."""
    with (
        collecting() as collector,
        a_province(sign_on=True, kind=watched_by(collector)) as province,
    ):
        left = Traces(province, collector)
        in_a_loop(partial(sign_on_and_out, left))
        ask_by_law(left)
        ask_with_consent(left)
        ask_sources_that_fail(left)
        ask_what_cannot_be_read(left)
        ask_in_the_wrong_place(left)
        ask_with_ids_that_carry_it(left)
        ask_for_tokens(left)
        yield left


def watched_by(collector: Collector) -> type[Province]:
    """Return a province whose gateway sends *collector* a span of each exchange, if it can."""
    spans = {"OTLP_ENDPOINT": collector.endpoint, "SPAN_SAMPLE": "1"} if EXPORTER else {}

    class Watched(Province):
        def environment(self) -> dict[str, str]:
            """Return the usual variables, and where spans go."""
            return super().environment() | {f"MOTLAN_TELEMETRY__{n}": v for n, v in spans.items()}

    return Watched


async def sign_on_and_out(left: Traces) -> None:
    """Sign on and out, fail to, and put the number wherever a browser could carry it."""
    browser, sso = citizen_browser(left.province), provider_of(left.province)
    callback = f"/sign-on/{CITIZENS}/callback"
    for lie in ("other-userinfo", "wrong-nonce", "missing-claims", "unsigned", "wrong-iss"):
        await sso.fault(lie, realm="citizens")
        left.note(_read(await browser.sign_on(CANARY)))
    left.note(_read(await browser.sign_on(CANARY)))
    for method, path, more in (
        ("GET", "/me", {}),
        ("GET", "/me/sessions", {}),
        ("GET", "/v1/own/accesses", {}),
        ("GET", f"/sign-on/{NUMBER}", {}),
        ("GET", f"{callback}?code={NUMBER}&state={NUMBER}&iss={NUMBER}", {}),
        ("GET", f"{callback}?error={NUMBER}&error_description={quote(NAME)}", {}),
        ("POST", f"/sign-on/{CITIZENS}/backchannel", {"data": {"logout_token": NUMBER}}),
        ("POST", "/sign-on/step-up", {"data": {"target": f"//{NUMBER}"}}),
        ("DELETE", f"/me/sessions/{NUMBER}", {}),
        ("GET", "/me", {"headers": {"Cookie": f"__Host-motlan={NUMBER}"}}),
        ("POST", "/sign-out", {"headers": {"X-CSRF-Token": NUMBER}}),
        ("POST", "/sign-out", {}),
    ):
        left.note(_read(await browser.ask(method, path, **more)))
    await browser.close()
    await sso.close()


def _read(answer: httpx.Response) -> Answer:
    """Return a browser's answer as a caller's; pages and redirects have no body worth reading."""
    held = "json" in answer.headers.get("content-type", "")
    return Answer(answer.status_code, dict(answer.headers), answer.json() if held else {}, 0.0)


def ask_by_law(left: Traces) -> None:
    """Succeed at each register, be refused by each kind of rule, have a form filled."""
    desk, fund = (system_of(left.province, name) for name in ("motcua-xa", "bhxh-tinh"))
    land = {"subject": {**OWNER, "so_phat_hanh": SERIAL}, **PERMIT}
    for service, question in (
        ("dancu.xacthuc", WHOLE),
        ("dancu.tracuu", WHOLE),
        ("dancu.honnhan", WHOLE),
        ("datdai.gcn", land),
        ("datdai.xacminhchu", land),
        ("dancu.danhsach", WHOLE),
        ("dancu.khongco", WHOLE),
        ("dancu.tracuu", {**WHOLE, "fields": ["ton_giao"]}),
        ("dancu.tracuu", {**WHOLE, "procedure": "9.999999"}),
        ("dancu.tracuu", {**WHOLE, "subject": {**YEN, "ho_ten": "Kim Thị Hoàng Yên"}}),
        ("dancu.tracuu", {**WHOLE, "subject": {**YEN, "ngay_sinh": "1995-07-08"}}),
    ):
        left.note(desk.ask(service, question))
    insured = {"subject": {**YEN, "ma_so_bhxh": INSURED}, **SOCIAL}
    left.note(fund.ask("baohiem.quatrinh", insured))
    left.note(system_of(left.province, "thu-hanmuc").ask("dancu.honnhan", WHOLE))  # counts people
    left.note(desk.prefill("1.013225", {"subject": YEN, "dossier": NUMBER}))
    left.note(desk.prefill("9.999999", {"subject": YEN, "dossier": NUMBER}))


def ask_with_consent(left: Traces) -> None:
    """Be refused without consent, allowed with it, refused once it is withdrawn."""
    books = Books(left.province.dsn, left.province.plan.directory / "keys")
    bank = system_of(left.province, "thu-dongy")
    question = {"subject": YEN, "purpose": "khach-hang", "fields": ["ho_ten", "thuong_tru"]}
    left.note(bank.ask("dancu.tracuu", question))
    given: list[str] = []
    elements = ("ho_ten", "ngay_sinh", "thuong_tru")
    in_thread(lambda: given.append(books.give(NUMBER, BANK, "dancu.tracuu", elements)))
    left.note(bank.ask("dancu.tracuu", question))
    in_thread(lambda: books.withdraw(given[0], NUMBER))
    left.note(bank.ask("dancu.tracuu", question))


def ask_sources_that_fail(left: Traces) -> None:
    """Let every register misbehave in every way while the person is asked about."""
    desk = system_of(left.province, "motcua-xa")
    asks = (
        ("population", "dancu.tracuu", WHOLE),
        ("land", "datdai.gcn", {"subject": {**OWNER, "so_phat_hanh": SERIAL}, **PERMIT}),
        ("civil", "hotich.kethon", {"subject": YEN, **MARRIAGE}),
        ("insurance", "baohiem.the", {"subject": YEN, **MARRIAGE}),
    )
    for register, service, question in asks:
        url = left.province.registers[register]
        for fault in FAULTS:
            send(url, "POST", f"/__faults/{fault}?times=1")
            left.note(desk.ask(service, question, **{"Lgsp-Deadline-Ms": "300"}))
            send(url, "POST", f"/__faults/{fault}?times=0")


def ask_what_cannot_be_read(left: Traces) -> None:
    """Put the number into every member, wherever it does not belong, and into broken bodies."""
    desk = system_of(left.province, "motcua-xa")
    odd: list[Any] = [NUMBER, [NUMBER], {NUMBER: NUMBER}, int(NUMBER), NUMBER + NAME]
    for member in ("subject", "purpose", "procedure", "dossier", "fields", "representative", "x"):
        for value in odd:
            left.note(desk.ask("dancu.xacthuc", {**WHOLE, member: value}))
            left.note(desk.prefill("1.013225", {"subject": YEN, "dossier": "1", member: value}))
    for member in (*YEN, "so_cmnd", "ma_xa", "so_to", NUMBER):
        left.note(desk.ask("dancu.xacthuc", {**WHOLE, "subject": {**YEN, member: [NUMBER, NAME]}}))
    token = desk.headers("POST", "") | {"Content-Type": "application/json"}
    for body in (
        b'{"subject":{"so_dinh_danh":"%s"' % NUMBER.encode(),
        b"[" * 20 + NUMBER.encode() + b"]" * 20,
        NUMBER.encode() * 6_000,
        b'{"purpose":"\xff%s"}' % NUMBER.encode(),
        f"<so>{NUMBER}</so>".encode(),
    ):
        for path in ("/v1/data/dancu.xacthuc", "/v1/prefill/1.013225"):
            left.note(send(left.province.gateway, "POST", path, body, token))


def ask_in_the_wrong_place(left: Traces) -> None:
    """Put the number into paths, queries and headers, as a careless program would."""
    desk = system_of(left.province, "motcua-xa")
    content = json.dumps(WHOLE).encode()
    usual = desk.headers("POST", "") | {"Content-Type": "application/json"}
    for path in (
        f"/v1/data/{NUMBER}", f"/v1/data/dancu.xacthuc/{NUMBER}", f"/v1/prefill/{NUMBER}",
        f"/{NUMBER}", f"/v1/data/dancu.xacthuc?so={NUMBER}&ten={quote(NAME)}",
        f"/v1/data/{quote(NAME)}", f"/oauth/{NUMBER}",
    ):  # fmt: skip
        for method in ("GET", "POST", "DELETE"):
            left.note(send(left.province.gateway, method, path, content, usual))
    for name in (
        "Authorization", "Content-Type", "Content-Language", "Accept", "Accept-Language",
        "Lgsp-Request-Id", "Lgsp-Deadline-Ms", "traceparent", "tracestate", "User-Agent",
        "Referer", "Cookie", "X-Forwarded-For", "Forwarded", "X-Correlation-Id", "Origin",
    ):  # fmt: skip
        for value in (NUMBER, f"{NUMBER}; {quote(NAME)}", f"Bearer {NUMBER}"):
            left.note(
                send(left.province.gateway, "POST", "/v1/data/dancu.xacthuc", content,
                     usual | {name: value})
            )  # fmt: skip


def ask_with_ids_that_carry_it(left: Traces) -> None:
    """Dress the number as the caller's own ids; they come back to the caller, and stay nowhere."""
    desk = system_of(left.province, "motcua-xa")
    ids = {
        "traceparent": f"00-{NUMBER}{'a' * 20}-{'b' * 16}-01",
        "Lgsp-Request-Id": f"01930f2e-7c1d-7c3a-9d52-{NUMBER}",
    }
    for service in ("dancu.xacthuc", "dancu.danhsach", NUMBER):
        answer = desk.ask(service, WHOLE, **ids)
        assert ids["Lgsp-Request-Id"] == answer.headers["lgsp-request-id"]
    desk.post("/v1/prefill/1.013225", {"subject": YEN, "dossier": "1"}, **ids)


def ask_for_tokens(left: Traces) -> None:
    """Put the number into every member of a token request."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    gateway = left.province.gateway
    stranger = client_assertion(
        new_client_key().private, client_id=NUMBER, audience=gateway, now=1e9
    )
    for form in (
        token_form(stranger, scope=NUMBER, resource=NUMBER),
        token_form(NUMBER),
        b"grant_type=%s&client_id=%s&%s=1" % ((NUMBER.encode(),) * 3),
        f"client_secret={quote(NAME)}&grant_type=client_credentials".encode(),
    ):
        left.note(send(gateway, "POST", "/oauth/token", form, headers))


def rows_of(province: Province) -> list[tuple[str, bytes]]:
    """Return every row of every table as text; binary columns come in hex."""

    async def read(connection: Any) -> list[tuple[str, bytes]]:
        found: list[tuple[str, bytes]] = []
        for (name,) in await connection.fetch(TABLES):
            rows = await connection.fetch(f"SELECT t::text FROM {name} AS t")
            found.append((name, "\n".join(row[0] for row in rows).encode()))
        return found

    return with_database(province, read)


def metrics_of(province: Province) -> list[tuple[str, bytes]]:
    """Return what both workers export."""
    host, _, port = province.management.rpartition(":")
    pages: list[tuple[str, bytes]] = []
    for number in (int(port), int(port) + 1):
        connection = HTTPConnection(urlsplit(host + ":1").hostname or "", number, timeout=5)
        connection.request("GET", "/metrics")
        pages.append((f"metrics of port {number}", connection.getresponse().read()))
        connection.close()
    return pages


def files_of(folder: Path) -> list[tuple[str, bytes]]:
    """Return every file below *folder* with its name, but for the registers' own stores."""
    return [
        (str(path.relative_to(folder)), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in STORES
    ]


def test_the_run_did_what_it_says(traces: Traces) -> None:
    """Silence proves something only if there was something to be told: each outcome occurred."""
    said = {each.code for each in traces.problems}

    assert len(traces.allowed) > 10
    assert any(NUMBER.encode() in json.dumps(each.body).encode() for each in traces.allowed)
    assert any(b'"roles": ["citizen"]' in json.dumps(each.body).encode() for each in traces.allowed)
    assert {
        "malformed_json", "validation_failed", "service_unknown", "consent_required",
        "consent_withdrawn", "no_match", "source_malformed", "source_timeout",
        "token_invalid", "client_assertion_invalid", "not_found", "method_not_allowed",
        "provider_untrusted", "attempt_unknown", "provider_unknown", "csrf_refused",
    } <= said  # fmt: skip


def test_no_problem_and_no_header_names_the_person(traces: Traces) -> None:
    """Problems reach other people's logs; headers reach every proxy on the way."""
    problems = [(each.code, json.dumps(each.body).encode()) for each in traces.problems]
    everything = [*traces.problems, *traces.allowed]
    headers = [("headers", json.dumps(each.headers).encode()) for each in everything]

    assert [] == traces_in([*problems, *headers])


def test_no_table_holds_the_person(traces: Traces) -> None:
    """Pseudonyms with keys that lie elsewhere: a copy of the database names nobody."""
    rows = rows_of(traces.province)

    assert {"audit.entry", "consents.record", "gateway.quota_person"} <= {name for name, _ in rows}
    assert {"auth.account", "gateway.quota_person"} <= {name for name, content in rows if content}
    assert [] == traces_in(rows)


def test_no_metric_holds_the_person(traces: Traces) -> None:
    """Labels come from closed vocabularies, whatever the caller writes into a path."""
    pages = metrics_of(traces.province)

    assert all(b"motlan" in page for _, page in pages)
    assert [] == traces_in(pages)


def test_no_file_and_no_file_name_holds_the_person(traces: Traces) -> None:
    """Logs of gateway, registers and PostgreSQL, its data and its write-ahead log, settings."""
    province = traces.province
    in_thread(province.stop)  # the last counts are written, nothing is left in a buffer
    folder = province.plan.directory
    files = files_of(folder)
    names = [("name", str(path).encode()) for path in folder.rglob("*")]

    assert not answers(f"{province.gateway}/.well-known/oauth-authorization-server")
    assert {"logs/gateway.log", "logs/population.log", "motlan.toml"} <= {name for name, _ in files}
    assert any(name.startswith("postgres/data/pg_wal/") for name, _ in files)
    assert [] == traces_in([*files, *names])


@pytest.mark.skipif(EXPORTER is None, reason="the extra otlp is not installed")
def test_no_span_holds_the_person(traces: Traces) -> None:
    """Spans leave the house: neither an attribute nor the trace id that a caller made up."""
    in_thread(traces.province.stop)  # what waits in the workers is sent
    spans = [body for path, _, body in traces.collector.received if path == "/v1/traces"]
    seen = [(f"export {at}", body) for at, body in enumerate(spans)]
    in_hex = [(f"{place} in hex", body.hex().encode()) for place, body in seen]

    assert sum(body.count(b"motlan.code") for body in spans) > 100
    assert [] == traces_in([*seen, *in_hex])


def test_the_registers_own_store_would_be_found(traces: Traces) -> None:
    """The control: where the person does stand, the same search finds them."""
    folder = traces.province.plan.directory / STORES[0]
    stores = [(path.name, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]

    assert traces_in(stores)
