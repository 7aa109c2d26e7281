"""One exchange, whole, over fakes: the order, the outcomes, and the record of each."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.errors import SourceTimeout, SubjectUnknown
from adapters.protocol import Match, Query, Subject
from adapters.protocol import Record as SourceRecord
from auth.errors import TokenExpired
from auth.principals import Official, Principal
from catalog.entries import Answer
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Decision, Delivered, Event
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.errors import AuditUnavailable, Code, Refusal, RightsGone
from gateway.pipeline import Exchange
from gateway.quota.ledger import Ledger
from gateway.rights import consent_right, official_right
from gateway.stages.authenticate import Authenticate
from gateway.stages.authorise import Authorise
from gateway.stages.consent import Consent
from gateway.stages.leaves import Leaves
from gateway.stages.record import Record
from gateway.stages.resolve import Resolve
from gateway.stages.respond import respond
from gateway.stages.route import Route
from gateway.stages.settled import Settled
from tests.builders import (
    CANARY,
    NOON,
    a_principal,
    a_rule,
    a_service,
    a_snapshot,
    a_subject,
    asked,
)
from tests.consent_builders import a_grant
from tests.fakes import FakeAdapter, FakeConsents, FakeLog, Live, admitting, kept_nowhere, unsigned
from tests.unit.gateway.quota.test_ledger import Memory

HAS = {"ho_ten": "Nguyễn Thị Ánh", "thuong_tru": "…", "dan_toc": "01", "ngay_sinh": "1990-02-01"}


class Bench:
    """An exchange over fakes, and everything it left behind."""

    def __init__(self, keys: Path, **parts: object) -> None:
        self.adapter: FakeAdapter = parts.get("adapter") or FakeAdapter(HAS)  # type: ignore[assignment]
        self.log: FakeLog = parts.get("log") or FakeLog()  # type: ignore[assignment]
        self.noise: list[tuple[str, str]] = []
        self.counts: list[tuple[str, str, str]] = []
        snapshot = parts.get("snapshot") or a_snapshot()
        consents: FakeConsents = parts.get("consents") or FakeConsents()  # type: ignore[assignment]
        pseudonyms = Pseudonyms(Keyring(keys))
        ledger = Ledger(Memory())
        consent = Consent(
            grants=consents.grants_for,
            representation=consents.representation,
            principal_ref=lambda _subject, _at: "a" * 32,
            spend=ledger.spend_consent,
        )
        self.exchange = Exchange(
            authenticate=Authenticate(
                admitting(parts.get("verify") or (lambda _token, _now: a_principal()))  # type: ignore[arg-type]
            ),
            resolve=Resolve(lambda: snapshot),  # type: ignore[arg-type, return-value]
            authorise=Authorise(ledger, lambda _subject, _at: None),
            consent=consent,
            signed=unsigned,
            settled=Settled(lambda: snapshot),  # type: ignore[arg-type, return-value]
            route=Route({"population": self.adapter}, consent.confirm),
            record=Record(
                log=self.log,
                leaves=Leaves(pseudonyms, lambda: NOON),
                noise=lambda code, peer: self.noise.append((code, peer)),
                counts=lambda *count: self.counts.append(count),
                live=parts.get("live") or Live(),  # type: ignore[arg-type]
                witnessed=lambda: bool(parts.get("witnessed", True)),
                keep=kept_nowhere,
            ),
        )

    async def refused(self, **question: object) -> Code:
        """Ask, and return the code of the refusal."""
        with pytest.raises(Refusal) as refusal:
            await self.exchange(asked(**question))
        return refusal.value.code


async def test_a_covered_question_is_answered_with_the_least(tmp_path: Path) -> None:
    """Asked ∩ agreed ∩ listed, and the receipt of a durable record."""
    bench = Bench(tmp_path / "keys")

    recorded = await bench.exchange(asked(fields=("ho_ten", "dan_toc")))

    assert {"ho_ten": "Nguyễn Thị Ánh"} == recorded.reply.record
    assert [("dan_toc", "field_not_allowed")] == [
        (each.field, each.code) for each in recorded.reply.withheld
    ]
    assert bench.log.entries[0].body.id == recorded.reply.receipt.entry_id  # type: ignore[union-attr]
    assert b'"dan_toc":"01"' not in respond(recorded)


async def test_every_value_has_its_provenance_and_nothing_else_has(tmp_path: Path) -> None:
    """Where a value comes from says that it is there: of what is withheld even that stays in."""
    fields = ("ho_ten", "dan_toc", "thuong_tru")
    bench = Bench(tmp_path / "keys")

    recorded = await bench.exchange(asked(fields=fields))
    reply = json.loads(respond(recorded))

    assert {"ho_ten", "thuong_tru"} == reply["record"].keys()
    assert (
        {"ho_ten", "thuong_tru"} == reply["provenance"].keys() == recorded.reply.provenance.keys()
    )


async def test_the_source_is_asked_for_the_least_too(tmp_path: Path) -> None:
    """What may not leave is not even fetched."""
    bench = Bench(tmp_path / "keys")

    await bench.exchange(asked(fields=("ho_ten", "dan_toc")))

    assert [frozenset({"ho_ten"})] == [query.fields for query in bench.adapter.queries]


async def test_the_record_names_the_ground_and_no_person(tmp_path: Path) -> None:
    """P6: pseudonyms in the leaf, never the number; the rights stand beside it."""
    bench = Bench(tmp_path / "keys")

    await bench.exchange(asked(subject=a_subject(so_dinh_danh=CANARY), raw=CANARY.encode()))

    entry = bench.log.entries[0]
    assert CANARY not in repr(entry)
    assert Event.ACCESS is entry.body.type
    assert "nd217-2026-d7k3" == entry.body.basis.law  # type: ignore[union-attr]
    assert {
        "system:motcua-xa", "service:dancu.tracuu", "agreement:TT-2026-0001", "token:jti",
    } == {right.key for right in entry.rights}  # fmt: skip


async def test_an_official_behind_the_question_is_one_of_its_rights(tmp_path: Path) -> None:
    """P3: an account that is disabled while the register thinks releases nothing either."""
    official = Official(id="cb-01", agency="H99.30.01", acr="2")
    principal = replace(a_principal(), official=official)
    bench = Bench(tmp_path / "keys", verify=lambda _token, _now: principal)

    await bench.exchange(asked())

    assert official_right("cb-01") in bench.log.entries[0].rights


async def test_a_refusal_is_recorded_before_it_is_told(tmp_path: Path) -> None:
    """The register is not asked, and the log knows who was refused, and why."""
    bench = Bench(tmp_path / "keys", snapshot=a_snapshot(rules=(a_rule(Answer.CONSENT),)))

    assert Code.CONSENT_REQUIRED is await bench.refused()
    assert [] == bench.adapter.queries
    leaf = bench.log.entries[0].body
    assert (Event.DENY, Decision.DENY) == (leaf.type, leaf.basis.decision)  # type: ignore[union-attr]
    assert (Code.CONSENT_REQUIRED,) == leaf.basis.reasons  # type: ignore[union-attr]


async def test_a_stranger_is_noise_and_not_a_leaf(tmp_path: Path) -> None:
    """A flood of bad tokens cannot fill the log."""

    def verify(_token: str, _now: float) -> Principal:
        raise TokenExpired

    bench = Bench(tmp_path / "keys", verify=verify)

    assert Code.TOKEN_EXPIRED is await bench.refused(peer="127.0.0.1")
    assert [("token_expired", "127.0.0.1")] == bench.noise
    assert [] == bench.log.entries


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        pytest.param(SubjectUnknown("population", "-"), Code.NO_MATCH, id="nobody"),
        pytest.param(SourceTimeout("population", "-"), Code.SOURCE_TIMEOUT, id="late"),
    ],
)
async def test_a_source_that_fails_is_an_outcome(
    tmp_path: Path, failure: Exception, code: Code
) -> None:
    """What the source could not say is recorded like any other refusal."""
    bench = Bench(tmp_path / "keys", adapter=FakeAdapter(fails=failure))  # type: ignore[arg-type]

    assert code is await bench.refused()
    assert (code,) == bench.log.entries[0].body.basis.reasons  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("key", "live", "code"),
    [
        ("consent:x", (), Code.CONSENT_WITHDRAWN),
        ("agreement:x", (), Code.AGREEMENT_SUSPENDED),
        ("system:x", (), Code.APPLICATION_SUSPENDED),
        ("service:x", (), Code.VERSION_RETIRED),
        ("representation:x", (), Code.REPRESENTATIVE_REQUIRED),
        ("agreement:x", ("agreement:x",), Code.VERSION_CONFLICT),
    ],
)
async def test_a_right_that_ended_meanwhile_releases_nothing(
    tmp_path: Path, key: str, live: tuple[str, ...], code: Code
) -> None:
    """P3: judged again at the commit; the caller learns which right it was."""
    bench = Bench(tmp_path / "keys", log=FakeLog(RightsGone((key,))), live=Live(*live))

    assert code is await bench.refused()
    assert [Event.DENY] == [entry.body.type for entry in bench.log.entries]


async def test_no_record_no_data(tmp_path: Path) -> None:
    """P1: a log that cannot be written ends the exchange with a clear 503."""
    bench = Bench(tmp_path / "keys", log=FakeLog(AuditUnavailable()))

    assert Code.AUDIT_UNAVAILABLE is await bench.refused()


async def test_not_even_a_refusal_without_its_record(tmp_path: Path) -> None:
    """A no that leaves no trace would hide a prober."""
    bench = Bench(tmp_path / "keys", log=FakeLog(AuditUnavailable()))

    assert Code.AUDIT_UNAVAILABLE is await bench.refused(dossier=None)


async def test_a_fault_of_ours_is_recorded_and_says_nothing(tmp_path: Path) -> None:
    """An unforeseen error is an outcome too; its text stays inside."""
    bench = Bench(tmp_path / "keys", adapter=FakeAdapter(fails=KeyError(CANARY)))  # type: ignore[arg-type]

    assert Code.INTERNAL is await bench.refused()
    assert CANARY not in repr(bench.log.entries)


async def test_a_child_that_only_the_source_knows_is_protected(tmp_path: Path) -> None:
    """The decision is taken again when the register says that the person is a child."""
    rows = (
        a_rule(),
        a_rule(Answer.REPRESENTATIVE, code="row-child", subject=frozenset({"child"})),
    )
    bench = Bench(
        tmp_path / "keys",
        adapter=FakeAdapter(HAS, subject_is="child"),
        snapshot=a_snapshot(rules=rows),
    )

    assert Code.REPRESENTATIVE_REQUIRED is await bench.refused()


async def test_a_parcel_is_nobody(tmp_path: Path) -> None:
    """A question about a parcel concerns no person, and the leaf says so."""
    bench = Bench(tmp_path / "keys", adapter=FakeAdapter(HAS, match=Match.NOT_A_PERSON))

    await bench.exchange(asked())

    assert 0 == bench.log.entries[0].body.n


def test_the_subject_type_is_the_wires() -> None:
    """Everything about the person is in one struct that no log line prints."""
    assert "so_dinh_danh" in Subject.__struct_fields__


async def test_a_known_caller_is_recorded_even_when_nothing_can_be_read(tmp_path: Path) -> None:
    """An authenticated refusal is a leaf; also one that came before the stages."""
    bench = Bench(tmp_path / "keys")

    await bench.exchange.turn_away(asked(), Refusal(Code.MALFORMED_JSON))

    leaf = bench.log.entries[0].body
    assert (Code.MALFORMED_JSON,) == leaf.basis.reasons  # type: ignore[union-attr]
    assert "motcua-xa" == leaf.actor.client  # type: ignore[union-attr]


async def test_a_stranger_who_cannot_be_read_is_noise(tmp_path: Path) -> None:
    """Nobody proven, nothing recorded; counted all the same, with what was wrong."""

    def verify(_token: str, _now: float) -> Principal:
        raise TokenExpired

    bench = Bench(tmp_path / "keys", verify=verify)

    await bench.exchange.turn_away(asked(peer="127.0.0.1"), Refusal(Code.MALFORMED_JSON))

    assert [("malformed_json", "127.0.0.1")] == bench.noise
    assert [] == bench.log.entries


async def test_a_consent_says_how_often_its_recipient_may_ask(tmp_path: Path) -> None:
    """Frequency is part of what was agreed: the second call of the day is refused."""
    grant = a_grant(
        "ho_ten",
        principal_ref="a" * 32,
        recipient="H99.30.01",
        purpose="giai-quyet-tthc",
        service="dancu.tracuu",
        given_at=NOON,
        calls_per_day=1,
    )
    snapshot = a_snapshot(rules=(a_rule(Answer.CONSENT),))
    bench = Bench(tmp_path / "keys", snapshot=snapshot, consents=FakeConsents([grant]))

    first = await bench.exchange(asked(fields=("ho_ten",)))

    assert grant.id == first.reply.basis.consent_id
    assert consent_right(grant.id, grant.seq) in bench.log.entries[0].rights
    assert Code.QUOTA is await bench.refused(fields=("ho_ten",))


async def test_a_full_worker_counts_and_takes_on_nothing_more(tmp_path: Path) -> None:
    """A record for each call that is turned away would add to the load that turned it away."""
    bench = Bench(tmp_path / "keys")

    await bench.exchange.turn_away(asked(peer="127.0.0.1"), Refusal(Code.OVERLOADED))

    assert [("overloaded", "127.0.0.1")] == bench.noise


STRICT = a_snapshot(services={"dancu.tracuu": a_service(strict=True)})


class Timeline:
    """A log and a source that say in which order they were used."""

    def __init__(self, *refusals: Exception | None) -> None:
        self.happened: list[str] = []
        self.log = Told(self.happened, *refusals)
        self.adapter = Watched(self.happened)


class Told(FakeLog):
    """A log that notes each record."""

    def __init__(self, happened: list[str], *refusals: Exception | None) -> None:
        super().__init__(*refusals)
        self._happened = happened

    async def append(self, entry: Entry) -> Receipt:
        """Note what kind of record it was."""
        receipt = await super().append(entry)
        self._happened.append(self.entries[-1].body.type.value)
        return receipt


class Watched(FakeAdapter):
    """A source that notes each question."""

    def __init__(self, happened: list[str]) -> None:
        super().__init__(HAS)
        self._happened = happened

    async def fetch(self, query: Query) -> SourceRecord:
        """Note that it was asked."""
        self._happened.append("asked")
        return await super().fetch(query)


async def test_a_strict_question_is_on_record_before_the_source_hears_it(tmp_path: Path) -> None:
    """Whoever pulls the plug after the question leaves a record that it was put."""
    timeline = Timeline()
    bench = Bench(tmp_path, snapshot=STRICT, log=timeline.log, adapter=timeline.adapter)

    recorded = await bench.exchange(asked())

    assert ["access", "asked", "access.outcome"] == timeline.happened
    intent, outcome = (entry.body for entry in timeline.log.entries)
    assert (Delivered.UNKNOWN, Delivered.YES) == (
        intent.res and intent.res.delivered,
        outcome.res and outcome.res.delivered,
    )
    assert (intent.id, recorded.access) == (outcome.of, intent.id)
    assert timeline.log.entries[0].rights == timeline.log.entries[1].rights != ()


async def test_a_strict_question_that_cannot_be_recorded_is_not_put(tmp_path: Path) -> None:
    """No record, no question."""
    timeline = Timeline(AuditUnavailable())
    bench = Bench(tmp_path, snapshot=STRICT, log=timeline.log, adapter=timeline.adapter)

    assert Code.AUDIT_UNAVAILABLE == await bench.refused()
    assert [] == timeline.happened


async def test_a_right_that_ends_before_a_strict_question_stops_it(tmp_path: Path) -> None:
    """The register is not even asked."""
    timeline = Timeline(RightsGone(("agreement:TT-2026-0001",)))
    bench = Bench(
        tmp_path, snapshot=STRICT, log=timeline.log, adapter=timeline.adapter, live=Live()
    )

    await bench.refused()

    assert "asked" not in timeline.happened


async def test_a_strict_question_without_an_answer_is_told_to_have_none(tmp_path: Path) -> None:
    """The intent says nobody knows; once somebody knows, the record says so."""
    adapter = FakeAdapter(fails=SubjectUnknown("population", "nobody"))
    bench = Bench(tmp_path, snapshot=STRICT, adapter=adapter)

    assert Code.NO_MATCH == await bench.refused()

    intent, deny, outcome = (entry.body for entry in bench.log.entries)
    assert [Event.ACCESS, Event.DENY, Event.ACCESS_OUTCOME] == [
        intent.type,
        deny.type,
        outcome.type,
    ]
    assert (intent.id, Delivered.NO) == (outcome.of, outcome.res and outcome.res.delivered)


async def test_strict_services_stop_when_nobody_outside_watches(tmp_path: Path) -> None:
    """Four hours without witnesses: the log could be rewritten, so the sensitive waits."""
    strict = Bench(tmp_path, snapshot=STRICT, witnessed=False)
    other = Bench(tmp_path, witnessed=False)

    assert Code.WITNESS_OVERDUE == await strict.refused()
    assert [] == strict.adapter.queries
    assert (await other.exchange(asked())).reply.record


async def test_an_answer_nobody_took_is_followed_by_its_outcome(tmp_path: Path) -> None:
    """The citizen's list must not say that data arrived which did not."""
    bench = Bench(tmp_path)
    recorded = await bench.exchange(asked())

    await bench.exchange.undelivered(recorded)

    access, outcome = (entry.body for entry in bench.log.entries)
    assert (access.id, Delivered.NO) == (outcome.of, outcome.res and outcome.res.delivered)
