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
    """Return every file of the project: tracked, or new and not ignored.

    Without git, as in an unpacked archive, it is every file outside the folders that are made.
    """
    listing = _git("ls-files", "--cached", "--others", "--exclude-standard")
    found = {Path(line) for line in listing.splitlines()} if listing else set(_walk(ROOT))
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


def _git(*arguments: str) -> str:
    """Return what git says of the checkout, nothing when it cannot."""
    try:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True, timeout=30
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def _walk(folder: Path) -> Iterator[Path]:
    ignored = {line.strip("/") for line in page(".gitignore").splitlines()} | {".git"}
    for entry in folder.iterdir():
        if entry.name in ignored or entry.suffix == ".pyc":
            continue
        if entry.is_dir():
            yield from _walk(entry)
        else:
            yield entry.relative_to(ROOT)


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
