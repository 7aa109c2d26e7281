"""Media types of answers, as the framework completes them."""

import re

from tests.house.tree import texts


def test_no_answer_names_its_charset_twice() -> None:
    """The framework adds it to every text; a second one makes some clients stop reading."""
    named = re.compile(r'(?:media_type=|_TEXT = |HTML = )"text/[a-z]+; charset')
    twice = [
        str(path)
        for path, text in texts().items()
        if path.as_posix().startswith("gateway/api/") and named.search(text)
    ]

    assert [] == twice
