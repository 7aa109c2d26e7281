"""Write the pages that are made from the code (`make docs`)."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from docs import commands_page, members_page, problems_page, roles_page, settings_page

HERE = Path(__file__).resolve().parent
MADE = "<!-- Made from the code by `make docs`; a change here is lost. -->\n"
PAGES: dict[str, Callable[[], str]] = {
    "catalog-members.md": members_page.page,
    "cli.md": commands_page.page,
    "problems.md": problems_page.page,
    "roles.md": roles_page.page,
    "settings.md": settings_page.page,
}


def made(name: str) -> str:
    """Return what the page *name* must hold."""
    return f"{MADE}\n{PAGES[name]()}"


def stale() -> list[str]:
    """Name the pages that no longer say what the code says."""
    return [
        name
        for name in PAGES
        if not (HERE / name).is_file() or (HERE / name).read_text(encoding="utf-8") != made(name)
    ]


def main() -> int:
    """Write the stale pages, or with ``--check`` only name them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    check = bool(parser.parse_args().check)
    for name in (found := stale()):
        print(f"docs/{name} {'is stale: run make docs' if check else 'written'}")
        if not check:
            (HERE / name).write_text(made(name), encoding="utf-8")
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
