"""Stories: several questions answered as one list, newest first; pure."""

from collections.abc import Sequence

from gateway.search.projection import Indexed
from gateway.search.repository import Page
from gateway.search.sought import Condition, Sought


def of_dossier(pseudonyms: tuple[str, ...]) -> tuple[Sought, ...]:
    """Ask for everything about one dossier: accesses, refusals, and who looked at them."""
    return (Sought(conditions=(Condition("dossier", pseudonyms),)),)


def of_person(pseudonyms: tuple[str, ...]) -> tuple[Sought, ...]:
    """Ask for everything about one person."""
    return (Sought(subjects=pseudonyms),)


def of_agreement(code: str) -> tuple[Sought, ...]:
    """Ask for everything under one agreement, and for what became of the agreement itself."""
    return (
        Sought(conditions=(Condition("agreement", (code,)),)),
        Sought(conditions=(Condition("change_id", (code,)),)),
    )


def of_official(pseudonyms: tuple[str, ...]) -> tuple[Sought, ...]:
    """Ask for everything one official did, and for who looked at that."""
    return (
        Sought(conditions=(Condition("official", pseudonyms),)),
        Sought(subjects=pseudonyms),
    )


def merged(pages: Sequence[Page], rows: int) -> Page:
    """Return the newest *rows* of all *pages* as one page.

    A page that stopped early says nothing about what is older, so nothing older is shown.
    """
    horizon = max((page.below or 0 for page in pages), default=0)
    known = {row.leaf_index: row for page in pages for row in page.rows}
    ordered = [known[at] for at in sorted(known, reverse=True) if at >= horizon]
    if len(ordered) > rows:
        return Page(tuple(ordered[:rows]), ordered[rows - 1].leaf_index)
    return Page(tuple(ordered), horizon or None)


def behind(rows: Sequence[Indexed]) -> Sought | None:
    """Ask for changes of the agreements, services and systems that *rows* rest on."""
    codes = {
        code
        for row in rows
        for code in (row.agreement, row.service, row.client)
        if code is not None
    }
    if not codes:
        return None
    return Sought(conditions=(Condition("change_id", tuple(sorted(codes))),))


def among(page: Page, changes: Page) -> Page:
    """Return *page* with those of *changes* that happened while its rows did."""
    if not page.rows:
        return page
    oldest = page.below if page.below is not None else 0
    newest = page.rows[0].leaf_index
    known = {row.leaf_index: row for row in page.rows}
    known |= {r.leaf_index: r for r in changes.rows if oldest <= r.leaf_index <= newest}
    return Page(tuple(known[at] for at in sorted(known, reverse=True)), page.below)
