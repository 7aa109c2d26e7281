"""The sixth stage: only the permitted fields leave (promise P4)."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.authorise import authorise
from gateway.stages.evidence import Withheld
from gateway.stages.minimise import minimise
from tests.builders import answered, asked, consented, resolved

NAMES = ("ho_ten", "ngay_sinh", "thuong_tru", "dan_toc", "ton_giao", "la")


@given(
    allowed=st.frozensets(st.sampled_from(NAMES)),
    values=st.dictionaries(st.sampled_from(NAMES), st.text()),
)
def test_nothing_outside_what_was_allowed_ever_leaves(
    allowed: frozenset[str], values: dict[str, object]
) -> None:
    """P4: whatever a source answers, what leaves is inside what was allowed."""
    of = resolved()
    proof = consented(of, authorise(of), allowed)

    released = minimise(answered(proof, values))

    assert {name: values[name] for name in allowed & values.keys()} == released.values
    assert allowed - values.keys() == {each.field for each in released.unavailable}


def test_what_the_source_lacks_is_named_with_its_reason() -> None:
    """A form must know why a field is empty: never a silent omission."""
    of = resolved()
    proof = consented(of, authorise(of), frozenset({"ho_ten", "thuong_tru"}))

    released = minimise(answered(proof, {}, unavailable={"ho_ten": "locked"}))

    expected = (Withheld("ho_ten", "locked"), Withheld("thuong_tru", "not_on_record"))
    assert expected == released.unavailable


def test_what_the_agreement_withholds_stays_named() -> None:
    """The caller sees which of the fields it asked for were kept in, and why."""
    of = resolved(asked(fields=("ho_ten", "dan_toc")))
    cover = authorise(of)

    released = minimise(answered(consented(of, cover, cover.allowed), {"ho_ten": "A"}))

    assert (Withheld("dan_toc", "field_not_allowed"),) == released.withheld
