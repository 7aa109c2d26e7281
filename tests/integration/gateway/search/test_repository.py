"""The search tables on a real database: what is found, in which order, within which bounds."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.audit.events import Decision
from gateway.audit.leaf import Actor, Target
from gateway.audit.pseudonyms import Scheme
from gateway.clock import utc_now
from gateway.errors import Code
from gateway.search.language import parsed
from gateway.search.projection import digest_of, indexed
from gateway.search.repository import Page
from gateway.search.sought import Sought, sought
from tests.audit_builders import PSEUDONYM, a_deny, an_access
from tests.folded import DAY, WRITER
from tests.search_builders import Searched, ago, an_access_of, searched, some_pseudonyms

# Leaf 0 is an access, 1 a refusal, 2 an access of somebody else to something else.
FITTING: dict[str, list[int]] = {
    "": [2, 1, 0],
    "agency:H31.12": [0],
    "agency:H31.12,H99.01": [2, 0],
    "-agency:H31.12": [2, 1],
    "system:mot-cua-h31": [1, 0],
    "service:datdai.thua": [2],
    "-service:datdai.thua": [1, 0],
    "procedure:1.013225": [2],
    "basis:ld-2026-d9": [2],
    "agreement:TT-2": [2],
    "decision:deny": [1],
    "-decision:deny": [2, 0],
    "code:quota": [1],
    "-code:quota": [2, 0],
    "code:quota,no_match": [1],
    "field:dien_tich,ho_ten": [2, 0],
    "field:ho_ten -agency:H99.01": [0],
    "event:access": [2, 0],
    "match:exact": [2, 0],
    "delivered:no": [1],
    f"officer:{PSEUDONYM}": [0],
    f"dossier:{PSEUDONYM}": [2, 0],
    f"-dossier:{PSEUDONYM}": [1],
    "purpose:giai-quyet-tthc decision:deny": [],
    "before:1d": [],
    "after:1h": [2, 1, 0],
}


@pytest.fixture
async def log(database_url: str) -> AsyncGenerator[Searched]:
    """Give a followed database."""
    async with searched(database_url) as found:
        yield found


async def page(log: Searched, text: str, *, below: int | None = None, rows: int = 50) -> Page:
    """Ask in the language; identifiers are their own pseudonyms here."""
    query = parsed(text, utc_now())
    ready = sought(query, lambda _, name: (name,))
    return await log.repository.page(ready, below=below, rows=rows)


async def found(log: Searched, text: str) -> list[int]:
    """Return the leaf indexes that fit."""
    return [row.leaf_index for row in (await page(log, text)).rows]


async def test_each_qualifier_finds_what_it_names_and_nothing_else(log: Searched) -> None:
    """A qualifier that finds too much is believed as much as one that is right."""
    other = an_access()
    assert other.target is not None
    assert other.basis is not None
    other = replace(
        other,
        actor=Actor(org="H99.01", client="cong-dvc"),
        target=replace(other.target, service="datdai.thua", fields=("dien_tich",)),
        basis=replace(other.basis, proc="1.013225", law="ld-2026-d9", agreement="TT-2@1"),
    )
    await log.add([an_access(), a_deny(Code.QUOTA, Code.NO_AGREEMENT), other])

    assert {text: await found(log, text) for text in FITTING} == FITTING


async def test_pages_follow_each_other_without_gap_or_repetition(log: Searched) -> None:
    """The log grows while somebody reads it; a page never shifts."""
    await log.add(an_access() for _ in range(25))
    first = await page(log, "", rows=10)
    await log.add(an_access() for _ in range(5))
    second = await page(log, "", below=first.below, rows=10)
    third = await page(log, "", below=second.below, rows=10)

    assert list(range(24, -1, -1)) == [
        row.leaf_index for each in (first, second, third) for row in each.rows
    ]
    assert third.below is None


async def test_a_window_of_time_finds_by_what_leaves_claim(log: Searched, tmp_path: Path) -> None:
    """Writers' clocks differ a little, so order in the tree is not order in time."""
    names = some_pseudonyms(tmp_path)
    hours = (5, 9, 1, 3)
    await log.add(an_access_of(names, "003190000123", at=ago(hour)) for hour in hours)

    assert [3, 0] == await found(log, "after:6h before:2h")
    assert [2] == await found(log, "after:2h")
    assert [1] == await found(log, "before:8h")


async def test_a_person_is_found_under_the_older_number_too(log: Searched, tmp_path: Path) -> None:
    """Who changed the number has one history, not two."""
    names = some_pseudonyms(tmp_path)
    old, new, other = "003190000123", "003190000124", "003190000125"
    numbers = ((old,), (new,), (other,), (old, new))
    await log.add(an_access_of(names, *each) for each in numbers)
    epoch = str(utc_now().year)
    asked = (names.of(Scheme.CITIZEN, new, epoch),)

    known = await log.repository.aliases(asked)
    found_rows = await log.repository.page(Sought(subjects=known))

    assert {names.of(Scheme.CITIZEN, each, epoch) for each in (old, new)} == set(known)
    assert [3, 1, 0] == [row.leaf_index for row in found_rows.rows]


async def test_no_pseudonym_that_was_asked_for_is_left_out(log: Searched, tmp_path: Path) -> None:
    """Four numbers over eight years are more than a bound on what records add."""
    names = some_pseudonyms(tmp_path)
    await log.add([an_access_of(names, "003190000123", "003190000124")])
    epoch = str(utc_now().year)
    asked = tuple(f"{n:032d}".translate(str.maketrans("01289", "abcde")) for n in range(40))
    own = names.of(Scheme.CITIZEN, "003190000123", epoch)
    known = await log.repository.aliases((*asked, own))

    assert {*asked, own} < set(known)
    assert names.of(Scheme.CITIZEN, "003190000124", epoch) in known
    assert () == await log.repository.aliases(())


async def test_a_list_of_people_is_not_one_person(log: Searched, tmp_path: Path) -> None:
    """Who stands beside somebody in a record of many is a stranger."""
    names = some_pseudonyms(tmp_path)
    many = an_access_of(names, "003190000123", "003190000124", "003190000125")
    await log.add([many])
    own = names.of(Scheme.CITIZEN, "003190000123", str(utc_now().year))

    assert (own,) == await log.repository.aliases((own,))


async def test_the_tables_are_the_log_and_nothing_but_the_log(log: Searched) -> None:
    """Row 34 of the fault matrix: a rebuild equals a fresh one byte for byte."""
    entries = await log.add([an_access(), a_deny(), an_access()])
    expected = digest_of(indexed(at, DAY, WRITER, at, entry) for at, entry in enumerate(entries))

    assert expected.hex() == (await log.repository.digest()).hex()


async def test_decisions_of_both_kinds_are_told_apart(log: Searched) -> None:
    """The row says what the leaf says."""
    await log.add([a_deny(Code.QUOTA)])
    row = await log.repository.at(0)

    assert row is not None
    assert (Decision.DENY.value, ("quota",), 403) == (row.decision, row.codes, row.status)
    assert await log.repository.at(1) is None


async def test_a_target_alone_is_enough(log: Searched) -> None:
    """Blocks that a leaf leaves out are empty, not guessed."""
    leaf = replace(a_deny(), target=Target(service="x.y"))
    await log.add([leaf])

    assert [0] == await found(log, "service:x.y -field:ho_ten")
