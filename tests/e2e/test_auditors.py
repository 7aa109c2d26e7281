"""An auditor at the running province: from a call at the counter to the record of the look."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from auth.people import Role
from gateway.calling.system import System
from gateway.calling.wire import Answer, send
from gateway.demo.province import Province
from tests.people import token_for
from tests.province import ANH, PERMIT, exchange_of, leaves_of, wait_until

Caller = Callable[[str], System]
REASON = "Kiểm tra theo đơn khiếu nại của công dân"


def asked(province: Province, path: str, body: dict[str, Any], account: str = "kt-e2e") -> Answer:
    """Ask as an auditor."""
    token = token_for(province, role=Role.AUDITOR, account=account)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return send(province.admin, "POST", path, json.dumps(body).encode(), headers)


def found(province: Province, exchange: str) -> list[dict[str, Any]]:
    """Return the records of one exchange, as the search has them by now."""
    answer = asked(province, "/v1/audit/search", {"query": f"exchange:{exchange}"}, exchange[:8])
    assert answer.status == 200, answer.body
    return list(answer.body["records"])


def test_a_call_is_searchable_soon_and_tells_its_story(province: Province, system: Caller) -> None:
    """Recorded, folded, followed, found: by exchange, by dossier and by person."""
    dossier = f"H99.30.01-261121-{time.time_ns() % 10_000:04d}"
    ask = {"subject": ANH, **PERMIT, "dossier": dossier, "fields": ["khop"]}
    answer = system("motcua-xa").ask("dancu.xacthuc", ask)
    exchange = exchange_of(answer)
    wait_until(lambda: bool(found(province, exchange)), within_s=20, step_s=0.5)

    (record,) = found(province, exchange)
    by_dossier = asked(province, "/v1/audit/search", {"query": f"dossier:{dossier}"})
    by_person = asked(
        province,
        "/v1/audit/inquiries",
        {
            "identifiers": [{"value": ANH["so_dinh_danh"]}],
            "reason": REASON,
            "case": "TT-12/2026",
            "rows": 200,
        },
    )
    assert record["exchange"] == leaves_of(province, exchange)[0]["req"]["id"]
    assert record["index"] in [each["index"] for each in by_dossier.body["records"]]
    assert record["index"] in [each["index"] for each in by_person.body["records"]]
    assert record["said_vi"]
    assert ANH["so_dinh_danh"] not in str(by_person.body)


def test_the_look_is_itself_in_the_record(province: Province) -> None:
    """Whoever watches the watchers finds them in the same place."""
    asked(province, "/v1/audit/search", {"query": "decision:deny"}, "kt-watched")

    def seen() -> bool:
        query = {"query": "event:audit.search officer:kt-watched"}
        return bool(asked(province, "/v1/audit/search", query).body["records"])

    wait_until(seen, within_s=20, step_s=0.5)


def test_a_systems_token_opens_no_auditors_route(province: Province, system: Caller) -> None:
    """Two kinds of tokens, two kinds of routes."""
    headers = system("motcua-xa").headers("POST", "/v1/audit/search")
    answer = send(province.admin, "POST", "/v1/audit/search", b"{}", headers)

    assert (401, "token_invalid") == (answer.status, answer.code)


def test_the_services_door_has_no_auditors_route(province: Province) -> None:
    """Staff come in apart from the agencies' traffic: there is nothing to attack at its door."""
    token = token_for(province, role=Role.AUDITOR, account="kt-door")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    doors = (province.gateway, province.admin)
    answers = [send(door, "POST", "/v1/audit/search", b"{}", headers) for door in doors]

    assert [(404, "not_found"), (200, "ok")] == [(a.status, a.code) for a in answers]


@pytest.mark.parametrize("path", ["/v1/data/dancu.xacthuc", "/v1/prefill/1.013225"])
def test_the_staffs_door_has_no_exchange(province: Province, system: Caller, path: str) -> None:
    """Nor does a system reach data where administrators are."""
    headers = system("motcua-xa").headers("POST", path)

    answer = send(province.admin, "POST", path, b"{}", headers)

    assert (404, "not_found") == (answer.status, answer.code)
