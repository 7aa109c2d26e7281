"""Checkpoints as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tlog.checkpoints import Checkpoint, parse_checkpoint
from gateway.tlog.merkle import EMPTY_ROOT
from gateway.tlog.vkeys import NoteInvalid

# The example of the specification.
PRINTED = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
ROOT = PRINTED.split("\n")[2]
EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
NO_CHECKPOINTS = {
    "nothing": "",
    "no newline at the end": PRINTED[:-1],
    "an empty line": PRINTED + "\n",
    "no origin": PRINTED.partition("\n")[2],
    "an empty origin": "\n" + PRINTED.partition("\n")[2],
    "no root": "a\n1\n",
    "a leading zero": PRINTED.replace("2085", "02085"),
    "a sign": PRINTED.replace("2085", "+2085"),
    "a negative size": PRINTED.replace("2085", "-2085"),
    "an underscore": PRINTED.replace("2085", "20_85"),
    "a space": PRINTED.replace("2085", " 2085"),
    "digits of another script": f"a\n٣\n{ROOT}\n",
    "a size of 2**63": f"a\n{2**63}\n{ROOT}\n",
    "a size without end": f"a\n{'9' * 100_000}\n{ROOT}\n",
    "a short root": f"a\n1\n{ROOT[:40]}\n",
    "a root without padding": f"a\n1\n{ROOT[:-1]}\n",
    "an empty tree with a root": f"a\n0\n{ROOT}\n",
}


def test_the_checkpoint_of_the_specification_is_read() -> None:
    """Its example, byte for byte."""
    read = parse_checkpoint(PRINTED)

    assert ("example.com/behind-the-sofa", 20_852_163) == (read.origin, read.size)
    assert PRINTED == read.text()


def test_the_empty_log_has_a_checkpoint() -> None:
    """A witness meets a log before its first entry."""
    assert f"a\n0\n{EMPTY}\n" == Checkpoint("a", 0, EMPTY_ROOT).text()
    assert EMPTY_ROOT == parse_checkpoint(f"a\n0\n{EMPTY}\n").root


def test_extension_lines_are_kept() -> None:
    """A witness signs the whole text of another's log, whatever follows the root."""
    read = parse_checkpoint(PRINTED + "đuôi\n")

    assert ("đuôi",) == read.extension
    assert PRINTED + "đuôi\n" == read.text()


@pytest.mark.parametrize("case", NO_CHECKPOINTS)
def test_nothing_else_is_a_checkpoint(case: str) -> None:
    """Two programs must never read two sizes in one text."""
    with pytest.raises(NoteInvalid):
        parse_checkpoint(NO_CHECKPOINTS[case])


@given(
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1),
    st.integers(1, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_what_was_written_is_read(origin: str, size: int, root: bytes) -> None:
    """A checkpoint says one thing."""
    written = Checkpoint(origin, size, root)

    assert written == parse_checkpoint(written.text())
