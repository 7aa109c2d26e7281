"""The province's log is watched by two houses, and anybody may look at that."""

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from gateway.demo.province import Province
from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.notes import parse_note
from gateway.tlog.policies import parse_policy
from tests.province import ANH, PERMIT, process_of, standing_still, system_of, wait_until

PATH, POLICY = "/audit/log/witnesses", "/audit/log/policy"


def get(base: str, path: str) -> tuple[int, str]:
    """Read a page as somebody who holds no token."""
    parts = urlsplit(base)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def state(province: Province) -> dict[str, Any]:
    """Return who watches the log now."""
    status, content = get(province.gateway, PATH)
    assert status == 200
    found: dict[str, Any] = json.loads(content)
    return found


def outcomes(province: Province) -> dict[str, str]:
    """Return what each witness said last."""
    return {each["name"]: each["outcome"] for each in state(province)["witnesses"]}


def test_anybody_sees_that_both_houses_confirmed_the_log(province: Province) -> None:
    """A promise that only the operator can check is none."""
    names = ("dai-hoc", "dai-hoc-pq", "kiem-toan", "kiem-toan-pq")
    wait_until(lambda: outcomes(province) == dict.fromkeys(names, "cosigned"))
    now = state(province)

    assert now["required"]
    assert now["size"] > 0
    assert 0 <= now["age_s"] < 60


def test_the_public_policy_names_keys_and_no_places(province: Province) -> None:
    """Whoever verifies needs to know whom to believe, not where they live."""
    status, text = get(province.gateway, POLICY)
    policy = parse_policy(text.encode())

    assert 200 == status
    assert "http" not in text
    assert policy.quorum_met(["kiem-toan", "dai-hoc"])
    assert not policy.quorum_met(["kiem-toan"])


def test_what_the_gateway_serves_is_what_a_witness_has_seen(province: Province) -> None:
    """Two people who compare see one log, whichever of them they ask."""
    wait_until(lambda: "cosigned" in outcomes(province).values())
    house = province.witnesses.urls["kiem-toan"]
    page = get(house, "/")[1]
    path = next(line.strip() for line in page.splitlines() if line.strip().endswith("/checkpoint"))
    seen = parse_checkpoint(parse_note(get(house, path)[1]).text)
    ours = parse_checkpoint(parse_note(get(province.gateway, "/audit/log/checkpoint")[1]).text)

    assert ours.origin == seen.origin
    assert 0 < seen.size <= ours.size
    assert ours.size > seen.size or ours.root == seen.root


def test_data_flow_while_a_witness_is_stopped(province: Province) -> None:
    """A witness proves history; it holds nobody up (promise P9)."""
    with standing_still(process_of(province, "witness-dai-hoc")):
        wait_until(lambda: outcomes(province)["dai-hoc"] == "silent", within_s=30)
        answer = system_of(province, "motcua-xa").ask("dancu.xacthuc", {"subject": ANH, **PERMIT})
        assert "ok" == answer.code
        assert "cosigned" == outcomes(province)["kiem-toan"]
    wait_until(lambda: outcomes(province)["dai-hoc"] == "cosigned", within_s=30)
