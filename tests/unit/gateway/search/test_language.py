"""The qualifier language: what is understood, and where it is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.search.language import (
    LONGEST_TEXT,
    MOST_TERMS,
    TEXTS,
    Fault,
    QueryRefused,
    holds_number,
    is_pseudonym,
    parsed,
)
from gateway.search.query import CLOSED, INSTANTS, Qualifier, Query, Term, written

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
PSEUDONYM = "abcdefgh" * 4
NUMBER = "003190000123"


def refused(text: str) -> tuple[Fault, int, int, str | None]:
    """Return why and where *text* is refused."""
    with pytest.raises(QueryRefused) as caught:
        parsed(text, NOW)
    why = caught.value
    return why.fault, why.at, why.length, why.hint


def term(qualifier: Qualifier, *values: str, negated: bool = False) -> Term:
    """Return one term."""
    return Term(qualifier=qualifier, values=values, negated=negated)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Query()),
        ("   ", Query()),
        ("agency:H99.01", Query(terms=(term(Qualifier.AGENCY, "H99.01"),))),
        ("AGENCY:H99.01", Query(terms=(term(Qualifier.AGENCY, "H99.01"),))),
        ("-decision:ALLOW", Query(terms=(term(Qualifier.DECISION, "allow", negated=True),))),
        ("code:quota,no_match", Query(terms=(term(Qualifier.CODE, "quota", "no_match"),))),
        ("code:quota,quota", Query(terms=(term(Qualifier.CODE, "quota"),))),
        ('officer:"nv 01"', Query(terms=(term(Qualifier.OFFICER, "nv 01"),))),
        ('officer:"a,b",c', Query(terms=(term(Qualifier.OFFICER, "a,b", "c"),))),
        (r'officer:"a \"b\" \\"', Query(terms=(term(Qualifier.OFFICER, r'a "b" \ '.strip()),))),
        (f"officer:{PSEUDONYM}", Query(terms=(term(Qualifier.OFFICER, PSEUDONYM),))),
        (
            "dossier:H99.30.01-261121-0001",
            Query(terms=(term(Qualifier.DOSSIER, "H99.30.01-261121-0001"),)),
        ),
        ("agency:9901234560", Query(terms=(term(Qualifier.AGENCY, "9901234560"),))),
        (
            "event:seal.*",
            Query(
                terms=(
                    term(Qualifier.EVENT, "seal.approve", "seal.ask", "seal.open", "seal.refuse"),
                )
            ),
        ),
        ("after:2026-11-01", Query(after=datetime(2026, 10, 31, 17, tzinfo=UTC))),
        ("before:2026-11-01T08:30Z", Query(before=datetime(2026, 11, 1, 8, 30, tzinfo=UTC))),
        ("after:7d before:2h", Query(after=NOW - timedelta(7), before=NOW - timedelta(hours=2))),
        (
            "finding:F-01 service:dancu.tracuu",
            Query(terms=(term(Qualifier.FINDING, "F-01"), term(Qualifier.SERVICE, "dancu.tracuu"))),
        ),
    ],
)
def test_a_query_is_understood(text: str, expected: Query) -> None:
    """Any order, any case of the qualifier, lists, quotes, exclusion, local time."""
    assert expected == parsed(text, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo", (Fault.NOT_UNDERSTOOD, 0, 3, None)),
        ("agency:H99.01 foo bar", (Fault.NOT_UNDERSTOOD, 14, 3, None)),
        ("agency: H99.01", (Fault.VALUE_MISSING, 7, 1, None)),
        ("agency:H99,,H98", (Fault.VALUE_MISSING, 11, 1, None)),
        ("agency:H99,", (Fault.VALUE_MISSING, 11, 1, None)),
        ('agency:""', (Fault.VALUE_MISSING, 7, 2, None)),
        ('agency:"H99', (Fault.NOT_UNDERSTOOD, 0, 11, None)),
        ('agency:H99"x"', (Fault.NOT_UNDERSTOOD, 10, 3, None)),
        ("--agency:H99", (Fault.NOT_UNDERSTOOD, 0, 12, None)),
        ("agencies:H99", (Fault.UNKNOWN_QUALIFIER, 0, 8, "agency")),
        ("service:a servise:b", (Fault.UNKNOWN_QUALIFIER, 10, 7, "service")),
        ("zzz:1", (Fault.UNKNOWN_QUALIFIER, 0, 3, None)),
        ("decision:alow", (Fault.UNKNOWN_VALUE, 9, 4, "allow")),
        ("event:acess", (Fault.UNKNOWN_VALUE, 6, 5, "access")),
        ("exchange:1", (Fault.UNKNOWN_VALUE, 9, 1, None)),
        ("agency:H99%", (Fault.UNKNOWN_VALUE, 7, 4, None)),
        ("service:dancu.*", (Fault.WILDCARD, 8, 7, None)),
        ("event:*", (Fault.WILDCARD, 6, 1, None)),
        ("event:zzz.*", (Fault.UNKNOWN_VALUE, 6, 5, None)),
        ("after:yesterday", (Fault.INSTANT, 6, 9, None)),
        ("after:2026-02-30", (Fault.INSTANT, 6, 10, None)),
        ("after:7d after:6d", (Fault.TWICE, 9, 8, None)),
        ("after:7d,6d", (Fault.TWICE, 0, 11, None)),
        ("-after:7d", (Fault.NEGATED, 0, 9, None)),
        ("-finding:F-01", (Fault.NEGATED, 0, 13, None)),
        ("after:2h before:7d", (Fault.WINDOW, 0, 8, None)),
        ("agency:" + ",".join(f"H{n}" for n in range(51)), (Fault.TOO_MANY, 0, 200, None)),
    ],
)
def test_a_mistake_is_named_with_its_place(
    text: str, expected: tuple[Fault, int, int, str | None]
) -> None:
    """The auditor's screen underlines exactly what has to be corrected."""
    assert expected == refused(text)


def test_a_query_has_bounds() -> None:
    """Nobody makes the parser, or the planner, work for long."""
    assert (Fault.TOO_LONG, LONGEST_TEXT) == refused("a" * (LONGEST_TEXT + 1))[:2]
    many = " ".join(["agency:H1"] * (MOST_TERMS + 1))
    assert (Fault.TOO_MANY, MOST_TERMS * 10) == refused(many)[:2]


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"officer:{NUMBER}",
        f'dossier:"{NUMBER}"',
        f"service:a{NUMBER}b",
        f"{NUMBER}:x",
        "officer:123456789",
        "agency:9901234561",  # ten digits that are no enterprise code
        "officer:003.190.000.123",
        'officer:"003 190 000 123"',
        "dossier:003-190-000-123",
        "officer:００３１９００００１２３",
        "officer:٠٠٣١٩٠٠٠٠١٢٣",
        f"after:{NUMBER}",
        f"exchange:019ab000-1234-7000-8000-{NUMBER}",
        f"agency:H99.01,{NUMBER}",
    ],
)
def test_a_persons_number_is_refused_and_not_repeated(text: str) -> None:
    """People are looked for by an inquiry, which records who was looked for (promise P6)."""
    with pytest.raises(QueryRefused) as caught:
        parsed(text, NOW)

    assert caught.value.fault is Fault.NUMBER
    assert not any(run in str(caught.value) for run in ("190000", "1234567", "9901"))


def test_ids_of_ours_are_no_numbers() -> None:
    """A UUID or a pseudonym may hold digits in a row by chance."""
    exchange = "12345678-1234-7123-8123-123456789abc"
    chance = "abcdefg" + "2" * 12 + "abcdefghijklm"

    assert (exchange,) == parsed(f"exchange:{exchange}", NOW).terms[0].values
    assert (chance,) == parsed(f"officer:{chance}", NOW).terms[0].values
    assert is_pseudonym(chance)
    assert not is_pseudonym(NUMBER)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Đơn thư 12/2026", False), (f"số {NUMBER}", True), ("12345678", False), ("٠٠٣١٩٠٠٠٠", True)],
)
def test_free_words_are_looked_through_for_numbers(text: str, *, expected: bool) -> None:
    """A reason is kept; a number in it would be kept too."""
    assert expected is holds_number(text)


@given(st.text(max_size=LONGEST_TEXT + 20))
def test_any_text_is_understood_or_refused_inside_itself(text: str) -> None:
    """No input makes anything but a query or a place."""
    fault, at, length = judged(text)

    assert 0 <= at <= len(text)
    assert length >= (fault is not None)
    assert fault is None or all(TEXTS[fault])


def judged(text: str) -> tuple[Fault | None, int, int]:
    """Return why and where *text* is refused; no fault when it is understood."""
    try:
        parsed(text, NOW)
    except QueryRefused as why:
        return why.fault, why.at, why.length
    return None, 0, 0


_code = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,12}", fullmatch=True)
_keyed = st.text(st.characters(codec="ascii", categories=("L", "P", "Zs")), min_size=1, max_size=20)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Draw a query as a person could have written it."""
    terms: list[Term] = []
    plain = sorted(set(Qualifier) - INSTANTS - {Qualifier.EXCHANGE})
    for qualifier in draw(st.lists(st.sampled_from(plain), max_size=8)):
        if qualifier in CLOSED:
            word = st.sampled_from(sorted(CLOSED[qualifier]))
        elif qualifier in {Qualifier.OFFICER, Qualifier.DOSSIER}:
            word = _keyed.map(lambda text: " ".join(text.replace("*", "x").split()) or "x")
        else:
            word = _code
        values = tuple(dict.fromkeys(draw(st.lists(word, min_size=1, max_size=4))))
        negated = draw(st.booleans()) and qualifier is not Qualifier.FINDING
        terms.append(Term(qualifier=qualifier, values=values, negated=negated))
    after = draw(st.none() | st.integers(2, 500).map(lambda days: NOW - timedelta(days)))
    return Query(terms=tuple(terms), after=after, before=NOW if after else None)


@given(queries())
def test_what_was_understood_is_written_so_that_it_is_understood_again(query: Query) -> None:
    """Exports name their query in this one spelling."""
    text = written(query)
    if len(text) > LONGEST_TEXT:
        return
    again = parsed(text, NOW)

    assert sorted(query.terms, key=repr) == sorted(again.terms, key=repr)
    assert (query.after, query.before) == (again.after, again.before)
    assert written(again) == text
