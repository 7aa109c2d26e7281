"""The rows of consents, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import asyncpg
import pytest
from msgspec.structs import replace

from gateway.consents.errors import ConsentUnknown, MoveRefused, TermsRefused
from gateway.consents.records import Act, Terms, notice_hash, verify
from gateway.consents.repository import (
    GRANTS,
    ConsentRepository,
    RepresentationRepository,
)
from gateway.consents.states import FINAL, MOVES, ConsentState
from tests.consent_builders import (
    BANK,
    CITIZEN,
    LOOKUP,
    MOTHER,
    NOON,
    NOTICE,
    a_representation,
    an_act,
    some_terms,
)

USE = (CITIZEN, BANK, "khach-hang", LOOKUP)
MONTH = timedelta(days=30)
COLUMNS = {
    "notice": "body",
    "record": "recipient",
    "event": "method",
    "representation": "relation",
    "representation_check": "source",
}
BROKEN: list[tuple[dict[str, object], str]] = [
    ({"principal_ref": "003190000123"}, "record_principal_is_pseudonym"),
    ({"elements": ()}, "record_elements_are_codes"),
    ({"elements": ("ho ten",)}, "record_elements_are_codes"),
    ({"told_sensitive": ("dan_toc",)}, "record_sensitive_among_elements"),
    ({"calls_per_day": 0}, "record_frequency_positive"),
    ({"data_life_days": -1}, "record_data_life_bounded"),
    ({"notice_sha256": notice_hash("khác")}, "notice_sha256_is_of_body"),
]


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections with the rights of the application, and no more."""
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=4, server_settings={"role": "motlan_app"}
    ) as made:
        yield made


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection of the schema's owner, who may do anything but rewrite history."""
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
def consents(pool: asyncpg.Pool) -> ConsentRepository:
    """The repository under test."""
    return ConsentRepository(pool)


@pytest.fixture
def people(pool: asyncpg.Pool) -> RepresentationRepository:
    """The representations beside it."""
    return RepresentationRepository(pool)


async def right(pool: asyncpg.Pool, key: str) -> tuple[int, bool] | None:
    """Return revision and life of one right."""
    row = await pool.fetchrow("SELECT rev, live FROM gateway.live_right WHERE key = $1", key)
    return None if row is None else (row["rev"], row["live"])


async def test_a_consent_given_is_a_grant(consents: ConsentRepository) -> None:
    """What the decision reads is what the person agreed to."""
    terms = some_terms(told_sensitive=("ho_ten",), calls_per_day=3)

    await consents.give(terms, an_act(), valid_to=NOON + MONTH, notice=NOTICE)

    (grant,) = await consents.grants_for(*USE)
    assert (terms.id, 1, "given") == (grant.id, grant.seq, grant.state)
    assert (frozenset(terms.elements), frozenset({"ho_ten"}), 3) == (
        grant.elements,
        grant.told_sensitive,
        grant.calls_per_day,
    )
    assert (NOON, NOON + MONTH) == (grant.valid_from, grant.valid_to)


async def test_a_consent_is_found_for_its_own_use_only(consents: ConsentRepository) -> None:
    """Another person, recipient, purpose or service is another question."""
    await consents.give(some_terms(), an_act(), valid_to=NOON + MONTH, notice=NOTICE)
    others = [(*USE[:place], MOTHER, *USE[place + 1 :]) for place in range(4)]

    assert [[]] * 4 == [await consents.grants_for(*use) for use in others]


async def test_a_withdrawal_kills_the_right_in_the_same_commit(
    consents: ConsentRepository, pool: asyncpg.Pool
) -> None:
    """Promise P3 rests on this row."""
    terms = some_terms()
    await consents.give(terms, an_act(), valid_to=NOON + MONTH, notice=NOTICE)
    before = await right(pool, f"consent:{terms.id}")

    seq = await consents.withdraw(terms.id, an_act(method="web"))

    assert (1, True) == before
    assert (2, False) == await right(pool, f"consent:{terms.id}")
    assert 2 == seq
    assert ["withdrawn"] == [each.state for each in await consents.grants_for(*USE)]


async def test_a_rolled_back_withdrawal_leaves_the_right_alive(
    consents: ConsentRepository, pool: asyncpg.Pool
) -> None:
    """Right and event share one transaction, or the two would tell different stories."""
    terms = some_terms()
    await consents.give(terms, an_act(), valid_to=NOON + MONTH, notice=NOTICE)

    async with pool.acquire() as held:
        connection = cast("asyncpg.Connection", held)
        undone = connection.transaction()
        await undone.start()
        await ConsentRepository(connection).withdraw(terms.id, an_act())
        await undone.rollback()

    assert (1, True) == await right(pool, f"consent:{terms.id}")


async def test_withdrawing_twice_is_withdrawing_once(consents: ConsentRepository) -> None:
    """A person who presses twice gets the same answer, not an error."""
    terms = some_terms()
    await consents.give(terms, an_act(), valid_to=NOON + MONTH, notice=NOTICE)

    assert [2, 2] == [await consents.withdraw(terms.id, an_act()) for _ in range(2)]


async def test_ten_withdrawals_at_once_leave_one_event(consents: ConsentRepository) -> None:
    """The row lock decides, whoever comes first."""
    terms = some_terms()
    await consents.give(terms, an_act(), valid_to=NOON + MONTH, notice=NOTICE)

    seqs = await asyncio.gather(*(consents.withdraw(terms.id, an_act()) for _ in range(10)))

    assert {2} == set(seqs)
    assert 2 == len((await consents.history(terms.id))[1])


async def test_a_renewal_moves_the_end_and_the_revision(
    consents: ConsentRepository, pool: asyncpg.Pool
) -> None:
    """A release decided on the old revision must be judged again."""
    terms = some_terms()
    await consents.give(terms, an_act(), valid_to=NOON + MONTH, notice=NOTICE)

    await consents.move(terms.id, ConsentState.RENEWED, an_act(), valid_to=NOON + 2 * MONTH)

    (grant,) = await consents.grants_for(*USE)
    assert ("renewed", NOON + 2 * MONTH) == (grant.state, grant.valid_to)
    assert (2, True) == await right(pool, f"consent:{terms.id}")


async def test_a_final_record_stays_final(consents: ConsentRepository) -> None:
    """A new grant is a new record, never an old one brought back."""
    terms = some_terms()
    await consents.give(terms, an_act(), valid_to=NOON + MONTH, notice=NOTICE)
    await consents.withdraw(terms.id, an_act())

    with pytest.raises(MoveRefused):
        await consents.move(terms.id, ConsentState.RENEWED, an_act(), valid_to=NOON + MONTH)


async def test_the_database_holds_the_same_moves_as_the_page(
    owner: asyncpg.Connection,
) -> None:
    """Two tables that must agree are compared, move by move."""
    states = [None, *ConsentState]
    asked = [(before, after) for before in states for after in ConsentState]

    said = [await owner.fetchval("SELECT consents.may_move($1, $2)", *pair) for pair in asked]

    assert [after in MOVES[before] for before, after in asked] == said
    assert all(not MOVES[state] for state in FINAL)


async def refused_as(owner: asyncpg.Connection, statement: str, *args: object) -> str | None:
    """Return the constraint that refuses *statement*, None when it is carried out."""
    try:
        await owner.execute(statement, *args)
    except asyncpg.PostgresError as refused:
        return getattr(refused, "constraint_name", None)
    return None


async def test_an_event_out_of_number_is_refused_by_the_database(
    consents: ConsentRepository, owner: asyncpg.Connection
) -> None:
    """Even the owner cannot leave a gap or take a number twice."""
    terms = some_terms()
    await consents.give(terms, an_act(), valid_to=NOON + MONTH, notice=NOTICE)
    event = (
        "INSERT INTO consents.event (record_id, seq, state, at, valid_to, entity_ref,"
        " entity_role, method) VALUES ($1, $2, 'withdrawn', $3, $3, $4, 'subject', 'web')"
    )

    said = [await refused_as(owner, event, terms.id, seq, NOON, CITIZEN) for seq in (1, 3, 0, -1)]

    assert ["event_seq_contiguous"] * 4 == said
    assert await refused_as(owner, event, terms.id, 2, NOON, CITIZEN) is None
    assert "event_move_allowed" == await refused_as(owner, event, terms.id, 3, NOON, CITIZEN)


@pytest.mark.parametrize(
    "change",
    ["UPDATE consents.{} SET {} = {}", "DELETE FROM consents.{}", "TRUNCATE consents.{} CASCADE"],
    ids=["update", "delete", "truncate"],
)
async def test_nobody_rewrites_the_history_of_a_consent(
    owner: asyncpg.Connection, change: str
) -> None:
    """Not even the owner of the tables (promise P5)."""
    said = [
        await refused_as(owner, change.format(table, column, column))
        for table, column in COLUMNS.items()
    ]

    assert ["consents_append_only"] * len(COLUMNS) == said


async def test_the_application_has_no_right_to_change_a_consent(
    owner: asyncpg.Connection,
) -> None:
    """Privileges first, triggers second."""
    asked = (
        "SELECT has_table_privilege('motlan_app', 'consents.' || t, v)"
        " FROM unnest($1::text[]) t, unnest('{UPDATE,DELETE,TRUNCATE,SELECT,INSERT}'::text[]) v"
    )

    said = [row[0] for row in await owner.fetch(asked, list(COLUMNS))]

    assert [False, False, False, True, True] * len(COLUMNS) == said


async def test_the_chain_of_the_database_verifies_on_the_page(
    consents: ConsentRepository,
) -> None:
    """A stranger with an export and one page of Python can check every event."""
    terms = some_terms(calls_per_day=5, told_sensitive=("thuong_tru",))
    await consents.give(terms, an_act(), valid_to=NOON + MONTH, notice=NOTICE)
    await consents.move(
        terms.id,
        ConsentState.RENEWED,
        an_act(acr=None, reason="gia hạn"),
        valid_to=NOON + 2 * MONTH,
    )
    await consents.withdraw(terms.id, an_act(evidence_sha256="0" * 64))

    stored, events = await consents.history(terms.id)

    assert (terms, 3) == (stored, len(events))
    assert verify(stored, events) is None


async def refusal(consents: ConsentRepository, terms: Terms, act: Act) -> str | None:
    """Return the rule that refuses to store a consent, None when it was stored."""
    try:
        await consents.give(terms, act, valid_to=NOON + MONTH, notice=NOTICE)
    except TermsRefused as refused:
        return refused.rule
    return None


async def test_terms_that_are_not_whole_are_refused(consents: ConsentRepository) -> None:
    """The database is the last to look, and a personal number never gets in (promise P6)."""
    said = [
        await refusal(consents, replace(some_terms(), **change), an_act()) for change, _ in BROKEN
    ]

    assert [rule for _, rule in BROKEN] == said


async def test_a_number_in_the_small_print_is_refused(consents: ConsentRepository) -> None:
    """Free text is where numbers hide (promise P6)."""
    acts = [
        an_act(**{member: "số 003190000123", "entity_role": "authority"})
        for member in ("entity_ref", "method", "acr", "reason")
    ]

    said = [await refusal(consents, some_terms(), act) for act in acts]

    assert ["event_text_has_no_number"] * 4 == said


async def test_an_unknown_record_cannot_be_withdrawn(consents: ConsentRepository) -> None:
    """A wrong id is told apart from a consent already ended."""
    with pytest.raises(ConsentUnknown):
        await consents.withdraw("nothing", an_act())


async def test_a_consent_that_ends_before_it_starts_is_refused(
    consents: ConsentRepository,
) -> None:
    """Its right would never be live, and nobody would know why."""
    with pytest.raises(TermsRefused) as refused:
        await consents.give(some_terms(), an_act(), valid_to=NOON, notice=NOTICE)

    assert "event_validity_ordered" == refused.value.rule


async def test_a_representation_is_a_right_with_an_end(
    people: RepresentationRepository, pool: asyncpg.Pool
) -> None:
    """The eighteenth birthday needs nobody to press a button."""
    made = replace(a_representation(), rev=1)

    await people.represent(made, source="hotich", at=NOON)

    assert made == await people.representation(made.id)
    assert (1, True) == await right(pool, f"representation:{made.id}")


async def test_a_representation_that_a_later_check_denies_is_gone(
    people: RepresentationRepository, pool: asyncpg.Pool
) -> None:
    """Custody moved: the release that rests on the old revision is refused at its commit."""
    made = a_representation()
    await people.represent(made, source="hotich", at=NOON)

    revision = await people.recheck(made, live=False, source="toa-an", at=NOON)

    assert 2 == revision
    assert await people.representation(made.id) is None
    assert (2, False) == await right(pool, f"representation:{made.id}")


async def test_a_check_of_an_unknown_representation_is_told(
    people: RepresentationRepository,
) -> None:
    """Nothing is stored for an id that nobody knows."""
    with pytest.raises(ConsentUnknown):
        await people.recheck(a_representation(), live=True, source="hotich", at=NOON)


async def test_nobody_represents_themselves(people: RepresentationRepository) -> None:
    """It would turn every protection of a child into a form field."""
    with pytest.raises(TermsRefused) as refused:
        await people.represent(
            a_representation(representative_ref=CITIZEN), source="hotich", at=NOON
        )

    assert "representation_by_another" == refused.value.rule


@pytest.mark.parametrize(
    ("valid_to", "refused"),
    [(NOON + MONTH, False), (NOON + timedelta(days=365, microseconds=1), True)],
    ids=["inside", "a moment longer"],
)
async def test_a_mother_grants_for_as_long_as_she_may_act(
    consents: ConsentRepository,
    people: RepresentationRepository,
    valid_to: object,
    refused: bool,
) -> None:
    """A grant made for a child does not outlive the childhood."""
    mother = a_representation()
    await people.represent(mother, source="hotich", at=NOON)
    act = an_act(entity_ref=MOTHER, entity_role="parent", representation_id=mother.id)

    try:
        await consents.give(some_terms(), act, valid_to=valid_to, notice=NOTICE)  # type: ignore[arg-type]
        outcome = None
    except TermsRefused as said:
        outcome = said.rule

    assert ("event_representation_live" if refused else None) == outcome


async def test_somebody_elses_representation_grants_nothing(
    consents: ConsentRepository, people: RepresentationRepository
) -> None:
    """The mother of one child does not sign for another."""
    mother = a_representation(principal_ref="c" * 32)
    await people.represent(mother, source="hotich", at=NOON)
    act = an_act(entity_ref=MOTHER, entity_role="parent", representation_id=mother.id)

    with pytest.raises(TermsRefused) as refused:
        await consents.give(some_terms(), act, valid_to=NOON + MONTH, notice=NOTICE)

    assert "event_representation_live" == refused.value.rule


async def given_by_a_mother(
    consents: ConsentRepository, people: RepresentationRepository, *ids: str
) -> Act:
    """Store a representation, and a consent by it for each of *ids*; return the mother's act."""
    mother = a_representation()
    await people.represent(mother, source="hotich", at=NOON)
    act = an_act(entity_ref=MOTHER, entity_role="parent", representation_id=mother.id)
    for record_id in ids:
        await consents.give(some_terms(id=record_id), act, valid_to=NOON + MONTH, notice=NOTICE)
    return act


async def test_a_representation_that_ends_takes_its_consents_along(
    consents: ConsentRepository, people: RepresentationRepository, pool: asyncpg.Pool
) -> None:
    """Custody moved: what the mother allowed is over, what the person took over stands."""
    await given_by_a_mother(consents, people, "hers", "taken-over", "withdrawn")
    await consents.move("taken-over", ConsentState.RENEWED, an_act(), valid_to=NOON + MONTH)
    await consents.withdraw("withdrawn", an_act())

    await people.recheck(a_representation(), live=False, source="toa-an", at=NOON)

    states = {each.id: each.state for each in await consents.grants_for(*USE)}
    assert {"hers": "invalidated", "taken-over": "renewed", "withdrawn": "withdrawn"} == states
    assert [(2, False), (2, True), (2, False)] == [
        await right(pool, f"consent:{each}") for each in ("hers", "taken-over", "withdrawn")
    ]
    assert verify(*await consents.history("hers")) is None


async def test_renewals_and_the_end_of_a_representation_do_not_wait_for_each_other(
    consents: ConsentRepository, people: RepresentationRepository
) -> None:
    """Whoever comes first, nothing that she allowed is alive at the end."""
    ids = [f"record-{number}" for number in range(6)]
    act = await given_by_a_mother(consents, people, *ids)

    async with asyncio.timeout(30):
        outcomes = await asyncio.gather(
            *(
                consents.move(each, ConsentState.RENEWED, act, valid_to=NOON + MONTH)
                for each in ids
            ),
            people.recheck(a_representation(), live=False, source="toa-an", at=NOON),
            return_exceptions=True,
        )

    assert {"invalidated"} == {each.state for each in await consents.grants_for(*USE)}
    assert all(isinstance(each, (int, TermsRefused, MoveRefused)) for each in outcomes)


async def test_the_question_of_the_hot_path_reads_one_index(
    owner: asyncpg.Connection,
) -> None:
    """Its cost stays flat however many consents there are."""
    await owner.execute("INSERT INTO consents.notice VALUES ($1, 'vi', $2)", notice_hash("x"), "x")
    await owner.execute(
        "INSERT INTO consents.record (id, principal_ref, recipient, purpose, service, elements,"
        " told_sensitive, valid_from, data_life_days, notice_sha256, schema_version)"
        " SELECT 'r' || n, translate(md5(n::text), '0189', 'ghij'), 'r', 'p', 's', '{ho_ten}',"
        " '{}', now(), 1, $1, 'v' FROM generate_series(1, 5000) n",
        notice_hash("x"),
    )
    await owner.execute("ANALYZE consents.record")

    plan = "\n".join(r[0] for r in await owner.fetch(f"EXPLAIN {GRANTS}", CITIZEN, "r", "p", "s"))

    assert "record_lookup" in plan
    assert "event_pkey" in plan
    assert "Seq Scan" not in plan
