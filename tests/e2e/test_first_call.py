"""A newcomer's first call at the running province: as the README says, and as the example says."""

import json
import os
import subprocess
import sys
from pathlib import Path

from gateway.demo.province import Province
from tests.house.tree import ROOT
from tests.province import leaves_of

EXAMPLES = ROOT / "docs" / "examples"
QUESTION = EXAMPLES / "question.json"
FIELDS = {"ho_ten", "thuong_tru"}


def key_of(province: Province, kind: str) -> Path:
    """Return a key file as the demo writes it."""
    return province.plan.directory / "clients" / f"motcua-xa.{kind}"


def called(province: Province, *more: str) -> subprocess.CompletedProcess[str]:
    """Run `motlan call` as a newcomer does, in a process of its own."""
    key = str(key_of(province, "json"))
    given = ["--gateway", province.gateway, "--key", key, "--subject-file", str(QUESTION), *more]
    return subprocess.run(
        [sys.executable, "-m", "gateway", "call", "dancu.tracuu", *given],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_command_of_the_readme_gets_an_answer_with_its_ground(province: Province) -> None:
    """Values, sources, the article of law and the record: on one screen."""
    done = called(province)

    assert (0, "") == (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    assert {"ho_ten", "thuong_tru"} == {each.partition(":")[0] for each in lines[:2]}
    assert any(each.startswith("căn cứ / basis") for each in lines)


def test_the_record_says_with_which_key_it_was_asked(province: Province) -> None:
    """A stolen token would be of no use; the record shows that this one was not."""
    answer = json.loads(called(province, "--json").stdout)

    (leaf,) = leaves_of(province, answer["exchange_id"])
    assert "motcua-xa" == leaf["actor"]["client"]
    assert province.keys["motcua-xa"].public["kid"] in leaf["actor"]["cnf"]


def test_a_refusal_says_what_to_do_and_ends_with_its_code(province: Province) -> None:
    """`--purpose` goes before what the file says."""
    done = called(province, "--purpose", "khong-co")

    assert 6 == done.returncode
    assert "purpose" in done.stderr


def test_openssl_and_curl_are_enough(province: Province) -> None:
    """No library, no Python: three signatures, a nonce, an answer."""
    done = subprocess.run(
        ["sh", str(EXAMPLES / "first_call.sh"), "dancu.tracuu"],
        input=QUESTION.read_text(),
        env={
            "PATH": os.defpath,
            "MOTLAN": province.gateway,
            "KEY": str(key_of(province, "pem")),
        },
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (0, "") == (done.returncode, done.stderr)
    assert FIELDS == json.loads(done.stdout)["record"].keys()
