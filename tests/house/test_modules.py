"""What every module must be: about one thing, short, explained and tested."""

import ast
import re
from pathlib import Path

from tests.house.through import THROUGH
from tests.house.tree import OURS, Module, modules, tracked

LONGEST_MODULE = 400
LONGEST_TEST_MODULE = 500  # rows of cases are long, not deep
LONGEST_FUNCTION = 40
MOST_PUBLIC_METHODS = 10
DRAWERS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "service", "misc"}
KINDS = ("unit", "integration", "faults", "e2e", "browser", "outside", "house")


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of *function* without its docstring, which explains and complicates not."""
    explained = 0
    if ast.get_docstring(function):
        first = function.body[0]
        explained = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - explained


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
    """Count what *each* does for others; properties tell, and class methods build."""
    methods = (n for n in each.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    plain = (m for m in methods if not {"property", "classmethod"} & decorators(m))
    return sum(not method.name.startswith("_") for method in plain)


def decorators(method: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the plain names that decorate *method*."""
    return {each.id for each in method.decorator_list if isinstance(each, ast.Name)}


def test_no_module_is_a_drawer() -> None:
    """A name that says nothing collects everything."""
    drawers = [
        str(module.path)
        for module in modules(*OURS, "tests", "bench", "docs")
        if {module.path.stem, *module.path.parts[:-1]} & DRAWERS
    ]

    assert [] == drawers


def test_every_module_has_a_test_or_a_reason() -> None:
    """A module that no test names or imports is found by nobody who changes it."""
    bare = [
        module.path.as_posix()
        for module in modules(*OURS)
        if module.path.name not in {"__init__.py", "tables.py"}
        if not is_tested(module) and module.path.as_posix() not in THROUGH
    ]

    assert [] == bare


def test_every_reason_names_a_module_without_a_test_and_a_test_that_is_there() -> None:
    """An exemption outlives its cause unless somebody looks."""
    known = {module.path.as_posix(): module for module in modules(*OURS)}
    stale = [path for path in THROUGH if path not in known or is_tested(known[path])]
    absent = [test for test in THROUGH.values() if Path(test) not in tracked()]

    assert [] == stale
    assert [] == absent


def is_tested(module: Module) -> bool:
    """Tell whether a test file has the name of *module*, or a test imports from it."""
    stem, package = module.path.stem.strip("_"), module.path.parent.name
    names = {f"test_{each}.py" for each in (stem, f"{package}_{stem}", f"{stem}s")}
    dotted = ".".join(module.path.with_suffix("").parts)
    parent, _, last = dotted.rpartition(".")
    part = re.compile(
        rf"^from ({re.escape(dotted)} import|{re.escape(parent)} import .*\b{last}\b)", re.MULTILINE
    )
    return any(
        test.path.name in names or part.search(test.source)
        for test in modules("tests")
        if test.path.name.startswith("test_") and test.path.parts[1] != "house"
    )


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
