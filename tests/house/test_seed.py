"""What the seeded catalog may claim."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.entries import Mark
from tests.house.tree import ROOT

SEED = ROOT / "deploy" / "seed"
VERIFIED = {Mark.VERIFIED, Mark.VERIFIED_OCR}

# How each instrument is known to us; whoever verifies a text changes it here and in the seed.
KNOWN = {
    "87/2020": Mark.VERIFIED,
    "216/2026": Mark.VERIFIED,
    "217/2026": Mark.VERIFIED,
    "224/2026": Mark.VERIFIED,
    "43/2021": Mark.VERIFIED,
    "70/2024": Mark.VERIFIED_OCR,
    "252/2026": Mark.VERIFIED_OCR,
    "154/2024": Mark.SECONDARY,
    "278/2025": Mark.SECONDARY,
}


def entries(kind: str) -> list[dict[str, Any]]:
    """Return the seed's documents of *kind*, as written."""
    files: list[Path] = sorted(SEED.glob("*.yaml"))
    found = [doc for file in files for doc in yaml.safe_load_all(file.read_text(encoding="utf-8"))]
    return [document for document in found if document and document["kind"] == kind]


@pytest.mark.parametrize("kind", ["basis", "procedure", "rule"])
def test_every_statement_of_law_says_how_sure_we_are(kind: str) -> None:
    """A rule without a mark would be believed."""
    marks = {entry["code"]: entry.get("mark") for entry in entries(kind)}

    assert marks
    assert {} == {code: mark for code, mark in marks.items() if mark not in set(Mark)}


def test_the_decision_table_is_derived_and_says_so() -> None:
    """Our own inference must never look like the law's words."""
    assert {Mark.DERIVED.value} == {entry["mark"] for entry in entries("rule")}


def test_a_procedure_known_at_second_hand_is_not_shown_as_verified() -> None:
    """Codes of procedures were read in others' files, not in the decisions that announce them."""
    assert [] == [each["code"] for each in entries("procedure") if each["mark"] in VERIFIED]


def test_no_basis_claims_more_than_we_know_of_its_instrument() -> None:
    """An official who quotes us must find the article where we said."""
    claimed = {
        (entry["code"], number): Mark(entry["mark"])
        for entry in entries("basis")
        for number in KNOWN
        if number in entry["instrument"]
    }
    wrong = {code: mark for (code, number), mark in claimed.items() if mark is not KNOWN[number]}

    assert {} == wrong
    assert claimed


def test_every_state_agency_is_of_a_province_that_does_not_exist() -> None:
    """A real agency must not find itself in a demonstration."""
    codes = [entry["code"] for entry in entries("agency")]

    assert [] == [code for code in codes if code.startswith("H") and not code.startswith("H99")]
