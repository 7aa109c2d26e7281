"""What every test must be."""

import ast
from functools import cache

from tests.house.tree import Module, modules

LONGEST_TEST = 40
FEWEST_WORDS = 2


@cache
def every_test() -> list[tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Return every test of the project."""
    return [
        (module, function)
        for module in modules("tests")
        if module.path.name.startswith("test_")
        for function in module.functions
        if function.name.startswith("test_")
    ]


def test_every_test_says_why_it_matters() -> None:
    """The name and the docstring are the specification."""
    silent = [f"{m.path}:{f.name}" for m, f in every_test() if not ast.get_docstring(f)]

    assert [] == silent


def test_every_test_has_a_sentence_for_a_name() -> None:
    """Who reads a failure reads the name first."""
    short = [f"{m.path}:{f.name}" for m, f in every_test() if f.name.count("_") < FEWEST_WORDS]

    assert [] == short


def test_no_test_is_longer_than_a_screen() -> None:
    """A long test tests several things, or its builder is missing."""
    long = {
        f"{module.path}:{function.name}": lines
        for module, function in every_test()
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_TEST
    }

    assert {} == long


def test_nothing_is_patched() -> None:
    """A patch says that a seam is missing."""
    words = ("monkey" + "patch", "mock" + ".patch", "unittest" + ".mock")
    patched = [
        f"{module.path}: {word}"
        for module in modules("tests")
        for word in words
        if word in module.source and module.path.parts[1] != "house"
    ]

    assert [] == patched


def test_every_test_can_fail() -> None:
    """A test without an expectation proves that nothing was raised, which its name must say."""
    toothless = [f"{m.path}:{f.name}" for m, f in every_test() if not expects(f)]

    assert [] == toothless


def expects(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether *function* asserts, expects an error, or hands over to one that does."""
    text = ast.unparse(function)
    return any(isinstance(node, ast.Assert) for node in ast.walk(function)) or any(
        word in text
        for word in (
            "raises(",
            "warns(",
            "refuses(",
            "expect",
            "check",
            "prove",
            "named(",
            "bind(",
            "_until(",
        )
    )
