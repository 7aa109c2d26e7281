"""The running province under an auditor's eyes: replayed, decided again, taken out, proved."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from auth.people import Role
from gateway.calling.system import System
from gateway.cli.exits import Exit
from gateway.demo.province import Province
from gateway.verification.bundles import check
from tests.people import token_for
from tests.province import ANH, MARRIAGE, PERMIT, wait_until, with_database

Caller = Callable[[str], System]
FOLDED = """
SELECT (SELECT count(*) FROM audit.entry) - (SELECT size FROM audit.tree)
"""


def motlan(province: Province, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the province's operator would."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env=province.environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )


def ask_some(system: Caller) -> None:
    """Let offices ask what they may, on law and on more."""
    for n in range(8):
        dossier = {"dossier": f"H99.30.01-261121-8{n:03d}"}
        system("motcua-xa").ask("dancu.xacthuc", {"subject": ANH, **PERMIT, **dossier})
        system("motcua-xa").ask("dancu.tracuu", {"subject": ANH, **PERMIT, **dossier})
        system("motcua-xa").ask("hotich.tthn", {"subject": ANH, **MARRIAGE, **dossier})


def test_every_sampled_decision_is_the_same_again(province: Province, system: Caller) -> None:
    """What the pipeline decided, another reading of the same rules decides as well."""
    ask_some(system)

    ended = motlan(province, "audit", "verify", "--json", "--decisions", "5000")
    told: dict[str, Any] = json.loads(ended.stdout)

    assert [] == told["named"]
    assert Exit.OK == ended.returncode
    assert told["counts"]["decisions"] >= 16
    assert 0 == told["counts"]["undecided"]
    assert told["counts"]["cosigned"] > 0


def test_an_auditor_takes_a_bundle_that_the_witnesses_have_seen(
    province: Province, system: Caller, tmp_path: Path
) -> None:
    """The whole way over HTTP: asked, made by the keeper, fetched, judged without us."""
    ask_some(system)
    wait_until(lambda: with_database(province, lambda c: c.fetchval(FOLDED)) < 50)
    headers = {"Authorization": f"Bearer {token_for(province, role=Role.AUDITOR)}"}
    with httpx.Client(base_url=province.admin, headers=headers, timeout=20) as client:
        body = {"format": "bundle", "query": "event:access system:motcua-xa"}
        asked = client.post("/v1/audit/exports", json=body)
        place = asked.headers["location"]
        wait_until(lambda: client.get(place).json()["state"] not in {"queued", "running"})
        job = client.get(place).json()
        file = tmp_path / "bundle.zip"
        file.write_bytes(client.get(job["file"]).content)
    found = check(file, None, lambda _n: None)

    assert (202, "done") == (asked.status_code, job["state"])
    assert [] == found.faults
    assert found.records == job["records"] > 0
    assert {"kiem-toan", "dai-hoc"} <= set(found.witnesses)
