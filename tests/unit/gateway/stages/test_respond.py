"""What leaves, as bytes."""

from datetime import UTC

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.protocol import Match
from gateway.stages.evidence import Basis, Provenance, Reply, Withheld
from gateway.stages.respond import encode

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,30}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TEXTS = st.none() | st.text(max_size=20)
NAMED = st.lists(st.builds(Withheld, NAMES, NAMES), max_size=3).map(tuple)
INSTANTS = st.datetimes(timezones=st.just(UTC))


@given(
    record=st.dictionaries(NAMES, VALUES, max_size=5),
    one=st.builds(Provenance, NAMES, NAMES, INSTANTS),
    basis=st.builds(
        Basis, kind=NAMES, code=TEXTS, instrument=TEXTS, article=TEXTS, mark=TEXTS, consent_id=TEXTS
    ),
    match=st.sampled_from(Match),
    withheld=NAMED,
    unavailable=NAMED,
)
def test_an_answer_is_written_as_its_struct_says(
    *,
    record: dict[str, object],
    one: Provenance,
    basis: Basis,
    match: Match,
    withheld: tuple[Withheld, ...],
    unavailable: tuple[Withheld, ...],
) -> None:
    """Parts that repeat are written once; callers and the record's digest must not notice."""
    reply = Reply(
        exchange_id="0196-e",
        service="datdai.thua",
        service_version="1.0.0",
        match=match,
        record=record,
        provenance=dict.fromkeys(record, one),
        basis=basis,
        withheld=withheld,
        unavailable=unavailable,
    )

    assert msgspec.json.encode(reply) == encode(reply)
