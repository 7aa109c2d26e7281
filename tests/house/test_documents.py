"""Documents that list what the code has must list what the code has."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from docs import generate
from gateway import __version__
from gateway.audit.events import Event
from gateway.cli.commands import COMMANDS, load
from tests.house.tree import ROOT, modules, page, texts, tracked

LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
EXPECTED = (
    "README.md",
    "README.vi.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "publiccode.yml",
    "docs/architecture.md",
    "docs/audit-events.md",
    "docs/catalog.md",
    "docs/cli.md",
    "docs/first-call.md",
    "docs/glossary.md",
    "docs/operations.md",
    "docs/problems.md",
    "docs/settings.md",
)
SECTIONS = ("Context", "Decision", "Consequences", "Alternatives", "Enforced by")


def prose() -> dict[Path, str]:
    """Return every Markdown page."""
    return {path: text for path, text in texts().items() if path.suffix == ".md"}


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings in *text*, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_page_that_people_look_for_is_there(name: str) -> None:
    """A stranger knows where to look because every good house is alike."""
    assert Path(name) in tracked()


def test_every_link_between_pages_leads_somewhere() -> None:
    """A dead link is a promise nobody keeps."""
    dead = [
        f"{path}: {target}#{anchor}"
        for path, text in prose().items()
        for target, anchor in LINK.findall(text)
        if not leads(path, target, anchor)
    ]

    assert [] == dead


def leads(source: Path, target: str, anchor: str) -> bool:
    """Tell whether a link on the page *source* has an end."""
    end = ROOT / source.parent / target if target else ROOT / source
    if not end.exists():
        return False
    return not anchor or anchor in anchors(end.read_text(encoding="utf-8"))


def test_both_languages_lead_to_the_same_pages() -> None:
    """Who reads the Vietnamese page first is not shown less of the house."""
    led = [
        {target for target, _ in LINK.findall(page(name))} - {"README.md", "README.vi.md"}
        for name in ("README.md", "README.vi.md")
    ]

    assert led[0] == led[1]


def test_every_path_that_prose_names_is_there() -> None:
    """A proof that was moved is a proof nobody finds."""
    named = re.compile(
        r"`((?:gateway|adapters|catalog|auth|migrations|mocks|tests|deploy|docs)/[^`\s*]+)`"
    )
    lost = [
        f"{path}: {name}"
        for path, text in prose().items()
        for name in named.findall(text)
        if not (ROOT / name).exists()
    ]

    assert [] == lost


def test_pages_made_from_the_code_are_fresh() -> None:
    """Problems and settings are read from the code; `make docs` writes them."""
    assert [] == generate.stale()


def test_every_audit_event_is_explained() -> None:
    """An auditor reads the page, not the enum."""
    explained = set(re.findall(r"`([a-z]+(?:[._][a-z]+)*)`", page("docs/audit-events.md")))

    assert set() == {event.value for event in Event} - explained


def test_every_command_in_the_prose_exists() -> None:
    """Who is woken at night copies commands from a page."""
    named = {
        (str(path), group, command)
        for path, text in prose().items()
        for group, command in re.findall(
            r"(?:`|^)motlan ([a-z]+)(?: ([a-z][a-z-]+))?", text, re.MULTILINE
        )
    }

    assert [] == [each for each in sorted(named) if not exists(*each[1:])]
    assert named


def exists(group: str, command: str) -> bool:
    """Tell whether the program has *group*, and in it *command*."""
    if group not in COMMANDS:
        return False
    loaded = load(group)
    return not isinstance(loaded, click.Group) or not command or command in loaded.commands


def test_every_metric_in_the_prose_is_measured() -> None:
    """An alarm on a name that nobody exports never rings."""
    sources = "\n".join(m.source for m in modules("gateway") if "telemetry" in m.path.parts)
    named = {
        f"{path}: {name}"
        for path, text in prose().items()
        for name in re.findall(r"`(motlan\.[a-z_]+(?:\.[a-z_]+)*)`", text)
        if f'"{name}"' not in sources and path.parts[0] == "docs"
    }

    assert set() == named


def test_the_changelog_knows_this_version() -> None:
    """The program, the wheel and the changelog tell the same number."""
    project = tomllib.loads(page("pyproject.toml"))["project"]
    newest = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", page("CHANGELOG.md"), re.MULTILINE)[0]

    assert project["version"] == newest == __version__


def test_publiccode_tells_the_same_version_and_licence() -> None:
    """Catalogues of public software read this file, people do not."""
    project = tomllib.loads(page("pyproject.toml"))["project"]
    card = page("publiccode.yml")

    assert f'softwareVersion: "{project["version"]}"' in card
    assert f"license: {project['license']}" in card


def test_every_decision_record_has_the_same_parts() -> None:
    """A record without what enforces it is an opinion."""
    records = [text for path, text in prose().items() if path.parent == Path("docs/adr")]
    bare = [
        f"{text.splitlines()[0]}: {section}"
        for text in records
        for section in SECTIONS
        if section.lower() not in text.lower()
    ]

    assert [] == bare
    assert records


def test_decision_records_are_numbered_once() -> None:
    """A number that two records share names neither."""
    numbers = [
        path.name[:4]
        for path in tracked()
        if path.parent == Path("docs/adr") and path.suffix == ".md"
    ]

    assert sorted(set(numbers)) == sorted(numbers)


def test_prose_has_one_sentence_a_line() -> None:
    """A change of one sentence shows as a change of one line."""
    crowded = [
        f"{path}:{number}"
        for path, text in prose().items()
        if path.parts[0] == "docs" and not text.startswith(generate.MADE)
        for number, line in enumerate(outside_code(text).splitlines(), 1)
        if re.search(r"[a-z]{2}[.!?] [A-Z][a-z]+ .*[.!?]$", line) and not line.startswith("|")
    ]

    assert [] == crowded


def outside_code(text: str) -> str:
    """Return *text* with fenced blocks emptied, line numbers kept."""
    return re.sub(
        r"```.*?```", lambda block: "\n" * block.group().count("\n"), text, flags=re.DOTALL
    )
