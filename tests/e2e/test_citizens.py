"""A citizen at the running province: from a call at the counter to a proof at a stranger's desk."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from auth.people import Role
from gateway.calling.system import System
from gateway.demo.province import Province
from tests.house.tree import ROOT
from tests.people import token_for
from tests.province import HUY, PERMIT, exchange_of, wait_until

Caller = Callable[[str], System]
STRANGERS_PROGRAM = ROOT / "docs" / "verify_proof.py"


def get(province: Province, path: str, number: str, account: str = "dan-e2e") -> httpx.Response:
    """Read as the citizen with *number*."""
    token = token_for(
        province, role=Role.CITIZEN, account=account, agency=None, so_dinh_danh=number
    )
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(province.gateway + path, headers=headers, timeout=10)


def line_of(province: Province, exchange: str, number: str) -> dict[str, Any] | None:
    """Return the line of one exchange in a person's list, once it is there."""
    answer = get(province, "/v1/own/accesses", number, account=exchange[:8])
    assert answer.status_code == 200, answer.text
    lines = answer.json()["items"]
    return next((line for line in lines if line.get("exchange") == exchange), None)


def test_a_person_reads_of_a_call_in_plain_words_and_proves_it(
    province: Province, system: Caller, tmp_path: Path
) -> None:
    """Counter, log, tree, witnesses, list, proof, and a program that is not ours."""
    number = HUY["so_dinh_danh"]
    answer = system("motcua-xa").ask(
        "dancu.xacthuc", {"subject": HUY, **PERMIT, "fields": ["khop"]}
    )
    exchange = exchange_of(answer)
    wait_until(lambda: line_of(province, exchange, number) is not None, within_s=20, step_s=1)
    line = line_of(province, exchange, number) or {}
    policy = httpx.get(f"{province.gateway}/audit/log/policy", timeout=10)
    (tmp_path / "policy.txt").write_text(policy.text)

    def proven() -> bool:
        proof = get(province, line["proof"], number, account="dan-proof")
        (tmp_path / "one.tlog-proof").write_text(proof.text)
        return proof.status_code == 200 and judged(tmp_path)[0] == 0

    wait_until(proven, within_s=90, step_s=3)
    code, said = judged(tmp_path)

    assert ("access", "delivered") == (line["kind"], line["result"])
    assert line["agency"]["vi"] != line["agency"]["code"]
    assert line["fields"][0]["vi"] != line["fields"][0]["code"]
    assert line["sentence_vi"].startswith(line["agency"]["vi"])
    assert 0 == code, said
    assert number not in json.dumps(line)


def judged(folder: Path) -> tuple[int, str]:
    """Have a stranger's program judge the proof in *folder*."""
    done = subprocess.run(
        [
            sys.executable, "-I", str(STRANGERS_PROGRAM),
            str(folder / "policy.txt"), str(folder / "one.tlog-proof"),
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_anybody_may_know_how_much_is_sealed(province: Province) -> None:
    """The numbers are public and hold nothing else."""
    found = httpx.get(f"{province.gateway}/v1/public/seals", timeout=10)

    assert 200 == found.status_code
    assert {"at", "asked", "refused", "live", "opened", "sealed_records", "at_least"} == set(
        found.json()
    )


def test_a_systems_token_opens_nobodys_list(province: Province, system: Caller) -> None:
    """An agency's system is not the person."""
    path = "/v1/own/accesses"
    headers = system("motcua-xa").headers("GET", path)
    answer = httpx.get(f"{province.gateway}{path}", headers=headers, timeout=10)

    assert (401, "token_invalid") == (answer.status_code, answer.json()["code"])
