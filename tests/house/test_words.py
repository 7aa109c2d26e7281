"""What no file of the project may hold."""

import re

import pytest

from tests.house.tree import texts

PLACES = {
    "a package registry": (
        r"files\.pythonhosted|pypi\.org/simple|registry\.npmjs|proxy\.golang\.org"
    ),
    "a machine's path": r"(?<![\w.])/(work|root|home/\w+|Users/\w+)/",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "unfinished work": r"\b(TODO|FIXME|XXX|HACK)\b",
    "filler": r"(?i)\blorem ipsum\b",
}
PROSE = r"(?i)\b(simply|seamless\w*|leverag\w+|cutting-edge|world-class|robustly|blazing\w*)\b"
NUMBER = re.compile(r"(?<![\w.-])0\d{11}(?![\w.-])")
SYNTHETIC = ("003", "005", "007")  # no province has them
SELF = "tests/house/test_words.py"


@pytest.mark.parametrize("what", PLACES)
def test_no_file_holds(what: str) -> None:
    """The repository speaks of the project, anywhere, and of nothing else."""
    found = [
        f"{path}: {hit.group()}"
        for path, text in texts().items()
        if path.as_posix() != SELF
        for hit in re.finditer(PLACES[what], text)
    ]

    assert [] == found


def test_documents_do_not_advertise() -> None:
    """A reader who is promised ease stops believing the rest."""
    found = [
        f"{path}: {hit.group()}"
        for path, text in texts().items()
        if path.suffix == ".md"
        for hit in re.finditer(PROSE, text)
    ]

    assert [] == found


def test_every_identity_number_is_synthetic() -> None:
    """No number in the repository may be a living person's."""
    real = [
        f"{path}: {hit.group()}"
        for path, text in texts().items()
        for hit in NUMBER.finditer(text)
        if not hit.group().startswith(SYNTHETIC) and hit.group() != "0" * 12
    ]

    assert [] == real
