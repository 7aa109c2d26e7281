"""Only closed forms stand in a leaf."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import words
from gateway.audit.words import NotAllowedInLeaf

NUMBERS = ["003190000123", "a-003190000123", "301234567", "7912345678"]


@pytest.mark.parametrize("text", ["dancu.tracuu", "H31.12", "1.004222", "TT-2026-0001"])
def test_a_catalog_code_is_a_code(text: str) -> None:
    """The codes of the catalog pass as they are."""
    assert text == words.code(text)


@pytest.mark.parametrize(
    "text",
    [
        *NUMBERS,
        "",
        "Nguyễn Thị Ánh",
        "a b",
        'a"b',
        "a\\b",
        "a\nb",
        "a\x00",
        "\ud800",
        "-a",
        "a" * 121,
    ],
)
def test_text_of_people_and_their_numbers_are_no_codes(text: str) -> None:
    """Promise P6: a number or a name cannot enter the record by mistake."""
    with pytest.raises(NotAllowedInLeaf):
        words.code(text)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_refusal_does_not_repeat_what_it_refuses(number: str) -> None:
    """The error may reach a log; the number may not."""
    with pytest.raises(NotAllowedInLeaf) as refused:
        words.code(number)

    assert number not in str(refused.value)


@given(st.text(max_size=140))
def test_what_passes_needs_no_escape_in_json(text: str) -> None:
    """Canonical bytes rest on it: nothing that passes may need escaping."""
    try:
        words.code(text)
    except NotAllowedInLeaf:
        return

    assert text.isascii()
    assert text.isprintable()
    assert not set(text) & set('"\\')


def test_a_reference_names_version_and_hash() -> None:
    """A decision is replayed on exactly the version it rested on."""
    assert "TT-1@3#" + "ab" * 16 == words.reference("TT-1", 3, "ab" * 32)


def test_a_hash_of_many_digits_is_still_a_hash() -> None:
    """Chance puts nine digits into one hash in fifty; a record must not fail for it."""
    assert words.reference("TT-1", 3, "1234567890" * 6).endswith(
        "#" + "12345678901234567890123456789012"
    )


def test_a_consent_is_named_by_uuid() -> None:
    """UUIDs hold runs of digits too."""
    uuid = "01a1fbd8-86dd-75a0-b14a-123456789012"

    assert f"{uuid}@2" == words.reference(uuid, 2)


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
        ("00-00000000000000000000003190000123-00f067aa0ba902b7-01", None),
        ("00-003190000123aaaaaaaaaaaaaaaaaaaa-00f067aa0ba902b7-01", None),
        ("00-abc003190000123def003190000123ab-00f067aa0ba902b7-01", None),
        ("nonsense", None),
        (None, None),
    ],
    ids=[
        "a trace",
        "a number dressed as a trace",
        "a number padded with letters",
        "a number among letters",
        "nonsense",
        "none",
    ],
)
def test_a_trace_id_cannot_carry_a_number(header: str | None, trace: str | None) -> None:
    """The caller chooses it, so it is not believed."""
    assert trace == words.trace_of(header)


@pytest.mark.parametrize("number", [-1, 2**53])
def test_numbers_stay_exact_in_every_language(number: int) -> None:
    """JavaScript would read another number than we wrote."""
    with pytest.raises(NotAllowedInLeaf):
        words.check_numbers(number)


@pytest.mark.parametrize("agency", ["H99.30.01", "9901234560", "0100109106", "0100109106-001"])
def test_an_agency_is_a_code_or_an_enterprise_code(agency: str) -> None:
    """Firms are named by ten digits that check themselves (domain.md 3.5)."""
    words.check_agency(agency)


@pytest.mark.parametrize("number", ["003190000123", "1234567890", "190000123"])
def test_a_persons_number_is_no_agency(number: str) -> None:
    """P6: what may be a citizen's, card's or insurance number does not pass for an agency."""
    with pytest.raises(words.NotAllowedInLeaf):
        words.check_agency(number)
