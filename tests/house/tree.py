"""The checkout as data: its files, modules and functions."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("gateway", "adapters", "catalog", "auth")
OURS = (*SHIPPED, "mocks")


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file."""

    path: Path  # relative to the checkout
    source: str

    @property
    def parsed(self) -> ast.Module:
        """Return its syntax tree."""
        return ast.parse(self.source)

    @property
    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Give every function and method, nested ones too."""
        for node in ast.walk(self.parsed):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    @property
    def classes(self) -> Iterator[ast.ClassDef]:
        """Give every class."""
        return (node for node in ast.walk(self.parsed) if isinstance(node, ast.ClassDef))


@cache
def tracked() -> tuple[Path, ...]:
    """Return every file of the project: tracked, or new and not ignored; no binary, no lock."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    paths = {Path(line) for line in listing.stdout.splitlines()}
    return tuple(sorted(path for path in paths if (ROOT / path).is_file()))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Return the Python files under *folders*, in order."""
    return tuple(
        Module(path, (ROOT / path).read_text(encoding="utf-8"))
        for path in tracked()
        if path.suffix == ".py" and path.parts[0] in folders
    )


@cache
def texts() -> dict[Path, str]:
    """Return every text file of the project."""
    found: dict[Path, str] = {}
    for path in tracked():
        try:
            found[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def page(name: str) -> str:
    """Return the text of one page under the checkout."""
    return (ROOT / name).read_text(encoding="utf-8")
