"""Promise P3, end to end: withdrawals, suspensions and blocks race eight callers, two workers."""

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.calling.wire import Answer
from gateway.demo.province import Province
from gateway.errors import Code
from tests.administrators import (
    agreement_text,
    block_system,
    give_consent,
    publish,
    resume_agreement,
    resume_system,
    suspend_agreement,
    suspend_system,
    withdraw_consent,
)
from tests.load import Ask, Call, Load
from tests.province import (
    ANH,
    HUY,
    KHOI,
    PERMIT,
    a_province,
    exchange_of,
    leaves_of,
    process_of,
    standing_still,
    system_of,
    wait_until,
    with_database,
)

AGREEMENT, SYSTEM = "TT-2026-9003", "thu-treo"
WHOLE = {"subject": ANH, **PERMIT}
AGREED = Ask("thu-rut", "dancu.xacthuc", WHOLE)
REGISTERED = Ask(SYSTEM, "dancu.xacthuc", WHOLE)
BY_CONSENT = [
    Ask("thu-dongy", "dancu.tracuu", {"subject": person, "purpose": "khach-hang"})
    for person in (KHOI, HUY)
]
RACE_S = 14.0
UNDER_WAY_S = 0.4  # a question reaches the register within this time
ENTRIES = "SELECT xmin::text::bigint, convert_from(entry, 'UTF8') FROM audit.entry"


@pytest.fixture(scope="module")
def province() -> Iterator[Province]:
    """Give a province whose agreements and systems this module may take away."""
    with a_province() as running:
        yield running


@dataclass(frozen=True, slots=True)
class Gone:
    """A time in which a right was not live, by two clocks: callers' and the database's."""

    right: str  # "consent:<id>", "agreement:<code>" or "system:<client>"
    ask: Ask
    since: float  # monotonic: the withdrawal has returned
    until: float  # monotonic: nobody has begun to give it back
    first: int  # every record with this transaction id or a later one judged after the commit
    last: int  # not included: taken before the right was given back


def horizon(province: Province) -> int:
    """Return a transaction id that parts the records: who has a later one judged after now.

    A statement locks the table before it takes its snapshot.  Holding SHARE means that every
    statement that judged before has ended; whoever inserts afterwards sees what is committed now.
    """

    async def look(connection: Any) -> int:
        async with connection.transaction():
            await connection.execute("LOCK TABLE audit.entry IN SHARE MODE")
            return int(await connection.fetchval("SELECT pg_current_xact_id()::text::bigint"))

    return with_database(province, look)


def gone_for(
    province: Province,
    right: tuple[str, Ask],
    take: Callable[[], None],
    give_back: Callable[[], None],
    *,
    while_s: float,
) -> Gone:
    """Take a right away under load, give it back after a while, and note both clocks."""
    take()
    since, first = time.monotonic(), horizon(province)
    time.sleep(while_s)
    until, last = time.monotonic(), horizon(province)
    give_back()
    return Gone(*right, since, until, first, last)


def released_after(gone: Gone, calls: list[Call]) -> list[str]:
    """Return the calls that began after the right was taken and were answered with data."""
    return [
        f"{gone.right}: {call.exchange_id}"
        for call in calls
        if call.ask is gone.ask and call.status == 200
        and gone.since < call.began and call.ended < gone.until
    ]  # fmt: skip


def recorded_after(gone: Gone, entries: list[tuple[int, dict[str, Any]]]) -> list[str]:
    """Return the access records on that right whose statement judged after the commit."""
    return [
        f"{gone.right}: {leaf['id']}"
        for xid, leaf in entries
        if leaf["type"] == "access"
        and gone.first < xid < gone.last
        and gone.right in rests_on(leaf)
    ]


def rests_on(leaf: dict[str, Any]) -> set[str]:
    """Return the rights that an access record names."""
    basis = leaf["basis"]
    named = {f"system:{leaf['actor']['client']}"}
    named |= {
        f"{kind}:{basis[kind].partition('@')[0]}"
        for kind in ("agreement", "consent")
        if basis.get(kind)
    }
    return named


def entries_of(province: Province) -> list[tuple[int, dict[str, Any]]]:
    """Return every record with the id of the transaction that inserted it."""

    async def look(connection: Any) -> list[tuple[int, dict[str, Any]]]:
        return [(row[0], json.loads(row[1])) for row in await connection.fetch(ENTRIES)]

    return with_database(province, look)


class Race:
    """Takes rights away at random instants for a while; remembers when each was gone."""

    def __init__(self, province: Province, load: Load) -> None:
        self.gone: list[Gone] = []
        self._province = province
        self._load = load
        self._chance = random.Random(11)
        self._consents = {
            ask.question["subject"]["so_dinh_danh"]: give_consent(
                province, ask.question["subject"]["so_dinh_danh"]
            )
            for ask in BY_CONSENT
        }

    def run(self, seconds: float) -> None:
        """Go on for *seconds*: every kind in turn, each at an instant of chance."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for turn in (*map(self._consent, BY_CONSENT), self._agreement, self._system):
                time.sleep(self._chance.uniform(0.05, 0.35))
                self.gone.append(turn())

    def _consent(self, ask: Ask) -> Callable[[], Gone]:
        def turn() -> Gone:
            number = ask.question["subject"]["so_dinh_danh"]
            record = self._consents[number]

            def again() -> None:
                self._consents[number] = give_consent(self._province, number)

            return gone_for(
                self._province,
                (f"consent:{record}", ask),
                lambda: withdraw_consent(self._province, record, number),
                again,
                while_s=0.15,
            )

        return turn

    def _agreement(self) -> Gone:
        return gone_for(
            self._province,
            (f"agreement:{AGREEMENT}", AGREED),
            lambda: suspend_agreement(self._province, AGREEMENT),
            lambda: resume_agreement(self._province, AGREEMENT),
            while_s=0.3,
        )

    def _system(self) -> Gone:
        def again() -> None:
            resume_system(self._province, SYSTEM)
            self._load.renew(SYSTEM)

        return gone_for(
            self._province,
            (f"system:{SYSTEM}", REGISTERED),
            lambda: suspend_system(self._province, SYSTEM),
            again,
            while_s=0.3,
        )


def test_nothing_is_released_after_the_right_is_gone(province: Province) -> None:
    """Eight callers, two workers, rights taken at any instant: none released after the commit."""
    with Load(province, [*BY_CONSENT, AGREED, REGISTERED], callers=8) as load:
        race = Race(province, load)
        race.run(RACE_S)
    entries = entries_of(province)
    codes = {(call.ask.client_id, call.code) for call in load.calls}
    kinds = {each.right.partition(":")[0] for each in race.gone}

    assert [] == [one for gone in race.gone for one in released_after(gone, load.calls)]
    assert [] == [one for gone in race.gone for one in recorded_after(gone, entries)]
    # The race was one: each right was used before, refused meanwhile, and used again.
    assert {"consent", "agreement", "system"} == kinds
    assert {(ask.client_id, "ok") for ask in (*BY_CONSENT, AGREED, REGISTERED)} <= codes
    assert {
        ("thu-dongy", Code.CONSENT_WITHDRAWN),
        ("thu-rut", Code.AGREEMENT_SUSPENDED),
        (SYSTEM, Code.APPLICATION_SUSPENDED),
    } <= codes


def test_the_judges_of_the_race_can_say_guilty() -> None:
    """The control: one release in the forbidden time is named, one before or after is not."""
    gone = Gone("consent:c1", AGREED, since=10.0, until=20.0, first=100, last=200)
    leaf = {
        "id": "e", "type": "access", "actor": {"client": "x"}, "basis": {"consent": "c1@1"},
    }  # fmt: skip

    def call(began: float) -> Call:
        return Call(AGREED, began, began + 1, 200, "x", b"{}")

    assert 1 == len(released_after(gone, [call(9.9), call(11.0), call(20.1)]))
    assert 1 == len(recorded_after(gone, [(99, leaf), (150, leaf), (200, leaf)]))
    assert [] == recorded_after(gone, [(150, leaf | {"basis": {"consent": "c2@1"}})])


def asked_while(province: Province, ask: Ask, happens: Callable[[], None]) -> Answer:
    """Put *ask*; let something happen while the register has not answered; return the answer."""
    system = system_of(province, ask.client_id)
    wait_until(lambda: system.ask(ask.service, ask.question).code == "ok", 10, 0.2)
    with ThreadPoolExecutor(1) as caller:
        with standing_still(process_of(province, "population")):
            answer = caller.submit(system.ask, ask.service, ask.question)
            time.sleep(UNDER_WAY_S)
            happens()
        return answer.result(timeout=10)


def test_a_consent_withdrawn_while_the_register_thinks_releases_nothing(
    province: Province,
) -> None:
    """The answer is already on its way back: it stays here, and the record says refused."""
    number = ANH["so_dinh_danh"]
    record = give_consent(province, number)
    ask = Ask("thu-dongy", "dancu.tracuu", {"subject": ANH, "purpose": "khach-hang"})

    answer = asked_while(province, ask, lambda: withdraw_consent(province, record, number))

    expect_refused(province, answer, Code.CONSENT_WITHDRAWN)


def test_an_agreement_amended_while_the_register_thinks_is_a_conflict(province: Province) -> None:
    """The right is live, at another version: asking again is the way, and the code says so."""
    text = agreement_text(AGREEMENT).replace("khac: Không.", "khac: Sửa đổi.")

    answer = asked_while(province, AGREED, lambda: _changed(publish(province, text)))

    expect_refused(province, answer, Code.VERSION_CONFLICT)
    assert answer.body["retryable"]


def _changed(count: int) -> None:
    assert 1 == count


def test_an_agreement_suspended_while_the_register_thinks_releases_nothing(
    province: Province,
) -> None:
    """One person alone can stop an agreement, at once."""
    answer = asked_while(province, AGREED, lambda: suspend_agreement(province, AGREEMENT))

    expect_refused(province, answer, Code.AGREEMENT_SUSPENDED)
    resume_agreement(province, AGREEMENT)


def test_a_new_agreement_needs_a_new_token(province: Province) -> None:
    """What a token does not name, it does not open: a narrower token stays narrow."""
    system = system_of(province, "thu-rut")
    system.token()
    text = agreement_text("TT-2026-9002").replace("TT-2026-9002", "TT-2026-9011")
    text = text.replace("thu-treo", "thu-rut").replace("dancu.xacthuc", "dancu.honnhan")
    publish(province, text.replace("[khop]", "[tinh_trang_hon_nhan]"))
    codes: list[str] = []

    def told() -> bool:
        codes.append(system.ask("dancu.honnhan", WHOLE).code)
        return codes[-1] == Code.SCOPE_MISSING

    wait_until(told, 10, 0.2)

    assert {Code.NO_AGREEMENT, Code.SCOPE_MISSING} >= set(codes)
    # A token names what the worker that made it knew: at most half a second ago.
    wait_until(lambda: system_of(province, "thu-rut").ask("dancu.honnhan", WHOLE).code == "ok", 10)


def test_a_system_blocked_while_the_register_thinks_gets_nothing_ever_again(
    province: Province,
) -> None:
    """Neither the answer on its way, nor another with the token it still holds, nor a new token."""
    holds = system_of(province, SYSTEM)
    holds.token()

    answer = asked_while(province, REGISTERED, lambda: block_system(province, SYSTEM))

    expect_refused(province, answer, Code.APPLICATION_SUSPENDED)
    for _ in range(4):
        again = holds.ask("dancu.xacthuc", WHOLE)
        expect_refused(province, again, Code.APPLICATION_SUSPENDED)
    with pytest.raises(Exception, match=Code.APPLICATION_SUSPENDED):
        system_of(province, SYSTEM).token()


def expect_refused(province: Province, answer: Answer, code: Code) -> None:
    """Demand the refusal, and a record that says that nothing left."""
    assert code == answer.code
    (leaf,) = leaves_of(province, exchange_of(answer))
    assert ("deny", [code.value], "no") == (
        leaf["type"], leaf["basis"]["reasons"], leaf["res"]["delivered"],
    )  # fmt: skip
