"""A stranger's program judges the list of a day: the true one holds, every forged one falls."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.disclosure_builders import MINE, THEIRS, Disclosed
from tests.house.tree import ROOT
from tests.search_builders import an_access_of

NOBODY = "003222000090"
Forge = Callable[[dict[str, Any]], object]


def a_proof(folder: Path, index: int, entry: bytes) -> str:
    """Write a proof file; its path and checkpoint are another program's to judge."""
    extra = base64.b64encode(entry).decode()
    path = folder / f"{index}.tlog-proof"
    path.write_text(f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex {index}\n\nlog\n1\nAA==\n\n")
    return str(path)


def judged(*arguments: str) -> tuple[int, str]:
    """Run the program alone, without anything of ours on its path."""
    done = subprocess.run(
        [sys.executable, "-I", str(ROOT / "docs" / "verify_day.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONUTF8": "1"},
    )
    return done.returncode, done.stdout + done.stderr


async def files(told: Disclosed, folder: Path, number: str) -> tuple[Path, list[str]]:
    """Return a day of two people as files: the answer, then the proofs that belong to it."""
    yesterday = told.clock.today - timedelta(days=1)
    at = told.clock() - timedelta(days=1)
    people = (MINE, THEIRS, MINE)
    entries = await told.add(
        [an_access_of(told.pseudonyms, each, at=at) for each in people], day=yesterday
    )
    told.clock.now += timedelta(hours=24)
    await told.publishing.round()
    day = await told.days.proof(await told.mine(number), yesterday)
    stated = (await told.own._tree.entries(day.index_leaf, 1))[0].entry
    answer = folder / "day.json"
    answer.write_bytes(msgspec.json.encode(day))
    lines = [item.index for person in day.people for item in person.items if item.index is not None]
    proofs = [a_proof(folder, day.index_leaf, stated)]
    return answer, proofs + [a_proof(folder, index, entries[index]) for index in sorted(lines)]


@pytest.mark.parametrize(("number", "records"), [(MINE, 2), (THEIRS, 1), (NOBODY, 0)])
async def test_a_true_list_is_valid_and_so_is_none(
    told: Disclosed, tmp_path: Path, number: str, records: int
) -> None:
    """What the page promises, with nothing of ours but the answer."""
    answer, proofs = await files(told, tmp_path, number)

    code, text = judged(str(answer), *proofs)

    assert (0, 1 + records) == (code, len(proofs)), text
    assert f": {records} dòng" in text


def _item(day: dict[str, Any]) -> dict[str, Any]:
    return day["people"][0]["items"][0]


FORGED: dict[str, Forge] = {
    "a record left out": lambda day: day["people"][0]["items"].pop(),
    "all records left out": lambda day: day["people"][0]["items"].clear(),
    "a record added": lambda day: day["people"][0]["items"].append({"hash": "00" * 32}),
    "another record": lambda day: _item(day).update(hash="ab" * 32),
    "another root": lambda day: day.update(root="ab" * 32),
    "another day": lambda day: day.update(day="2026-01-01"),
    "another size": lambda day: day.update(size=day["size"] + 1),
    "another revision": lambda day: day.update(rev=2),
    "another pseudonym": lambda day: day["people"][0].update(pseudonym="a" * 32),
    "a path cut short": lambda day: day["people"][0]["member"]["path"].pop(),
    "another place": lambda day: day["people"][0]["member"].update(place=7),
    "another list": lambda day: day["people"][0]["member"].update(list="cd" * 32),
    "another statement": lambda day: day.update(index_leaf=0),
}


@pytest.mark.parametrize("lie", sorted(FORGED))
async def test_a_forged_list_is_not_valid(told: Disclosed, tmp_path: Path, lie: str) -> None:
    """Each member of the answer counts."""
    answer, proofs = await files(told, tmp_path, MINE)
    day = json.loads(answer.read_bytes())
    FORGED[lie](day)
    answer.write_text(json.dumps(day))

    code, text = judged(str(answer), *proofs)

    assert 1 == code, text


async def test_a_line_that_the_list_does_not_hold_is_noticed(
    told: Disclosed, tmp_path: Path
) -> None:
    """A line that was shown and is not in the day's list is the contradiction to look for."""
    answer, proofs = await files(told, tmp_path, MINE)
    stranger = a_proof(tmp_path, 77, b'{"type":"access"}')

    code, text = judged(str(answer), *proofs, stranger)

    assert 1 == code
    assert "is not in the list" in text
