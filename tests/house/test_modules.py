"""What every module must be: about one thing, short, explained and tested."""

import ast
import re
from pathlib import Path

from tests.house.tree import OURS, Module, modules, tracked
from tests.house.untested import REASONS

LONGEST_MODULE = 400
LONGEST_TEST_MODULE = 500  # rows of cases are long, not deep
LONGEST_FUNCTION = 40
MOST_PUBLIC_METHODS = 10
DRAWERS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "service", "misc"}
KINDS = ("unit", "integration", "faults", "e2e", "browser", "house")


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of *function*, docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_every_module_says_what_it_is_for() -> None:
    """The first line of a module is its purpose, in one sentence."""
    silent = [
        str(module.path)
        for module in modules(*OURS, "migrations", "tests", "bench", "docs")
        if module.path.name != "__init__.py" or module.source.strip()
        if not (ast.get_docstring(module.parsed) or "").split("\n")[0].endswith((".", "?", "`"))
    ]

    assert [] == silent


def test_every_package_says_what_it_is_for() -> None:
    """A package without a sentence is a drawer."""
    silent = [
        str(module.path)
        for module in modules(*OURS)
        if module.path.name == "__init__.py" and not ast.get_docstring(module.parsed)
    ]

    assert [] == silent


def test_no_module_is_longer_than_its_ceiling() -> None:
    """God modules grow a line at a time."""
    long = {
        str(module.path): count
        for module in modules(*OURS, "migrations", "tests", "bench", "docs")
        if (count := module.source.count("\n")) > ceiling(module)
    }

    assert {} == long


def ceiling(module: Module) -> int:
    """Return how many lines *module* may have."""
    return LONGEST_TEST_MODULE if module.path.parts[0] == "tests" else LONGEST_MODULE


def test_no_function_is_longer_than_its_ceiling() -> None:
    """A function of more than a screen is several functions."""
    long = {
        f"{module.path}:{function.name}": length(function)
        for module in modules(*OURS, "migrations", "bench", "docs")
        for function in module.functions
        if length(function) > LONGEST_FUNCTION
    }

    assert {} == long


def test_no_class_has_more_public_methods_than_its_ceiling() -> None:
    """A class that everybody calls for everything is a service in disguise."""
    wide = {
        f"{module.path}:{each.name}": count
        for module in modules(*OURS)
        for each in module.classes
        if (count := public_methods(each)) > MOST_PUBLIC_METHODS
    }

    assert {} == wide


def public_methods(each: ast.ClassDef) -> int:
    """Count the methods of *each* that are offered to others."""
    methods = (n for n in each.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return sum(not method.name.startswith("_") for method in methods)


def test_no_module_is_a_drawer() -> None:
    """A name that says nothing collects everything."""
    drawers = [
        str(module.path)
        for module in modules(*OURS, "tests", "bench", "docs")
        if {module.path.stem, *module.path.parts[:-1]} & DRAWERS
    ]

    assert [] == drawers


def test_every_module_has_a_test_of_its_name_or_a_reason() -> None:
    """A module nobody tests by name is found by nobody who changes it."""
    tested = {path.name for path in tracked() if path.parts[0] == "tests"}
    bare = [
        str(module.path)
        for module in modules(*OURS)
        if module.path.name not in {"__init__.py", "tables.py"}
        if not found_for(module, tested) and module.path.as_posix() not in REASONS
    ]

    assert [] == bare


def found_for(module: Module, tested: set[str]) -> list[str]:
    """Return the names of files that test *module*: its own name, or with its package's before."""
    stem, package = module.path.stem.strip("_"), module.path.parent.name
    stems = (stem, f"{package}_{stem}", f"{stem}s", package if stem == "main" else stem)
    return [name for name in (f"test_{each}.py" for each in stems) if name in tested]


def test_every_reason_is_for_a_module_that_is_there_and_untested() -> None:
    """An exemption outlives its cause unless somebody looks."""
    tested = {path.name for path in tracked() if path.parts[0] == "tests"}
    known = {module.path.as_posix(): module for module in modules(*OURS)}
    stale = [path for path in REASONS if path not in known or found_for(known[path], tested)]

    assert [] == stale


def test_nothing_silences_a_checker_without_naming_the_rule() -> None:
    """A blanket exemption also hides what comes later."""
    silenced = re.compile(r"#\s*(type:\s*ignore|noqa|ruff:\s*noqa)\s*$", re.MULTILINE)
    blanket = [str(m.path) for m in modules(*OURS, "migrations") if silenced.search(m.source)]

    assert [] == blanket


def test_root_holds_the_agreed_folders_only() -> None:
    """A new root folder is a decision, not an accident."""
    agreed = {".ci", "docs", "bench", "deploy", "migrations", "tests", *OURS}
    found = {path.parts[0] for path in tracked() if len(path.parts) > 1}

    assert set() == found - agreed


def test_tests_lie_in_a_folder_of_their_kind() -> None:
    """Where a test lies says what it needs to run."""
    strays = [
        str(path)
        for path in tracked()
        if path.parts[0] == "tests" and path.name.startswith("test_")
        if len(path.parts) < len(Path("tests/kind/test.py").parts) or path.parts[1] not in KINDS
    ]

    assert [] == strays
