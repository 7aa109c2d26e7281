"""The building permit, from the seeded catalog, real stages and four registers on sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from adapters.protocol import SourceAdapter
from auth.possession.shown import Shown
from catalog.assembly import assemble
from catalog.documents import read_folder
from catalog.snapshot import Snapshot
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.pipeline import Exchange
from gateway.prefill.fill import Prefill, Request
from gateway.prefill.schemas import Field, PrefillBody, Prefilled
from gateway.quota.ledger import Ledger
from gateway.stages.authenticate import Authenticate
from gateway.stages.authorise import Authorise
from gateway.stages.consent import Consent
from gateway.stages.leaves import Leaves
from gateway.stages.record import Record
from gateway.stages.resolve import Resolve
from gateway.stages.route import Route
from gateway.stages.settled import Settled
from tests.builders import NOON, a_principal
from tests.connectors import an_adapter, noted, order, subject_of
from tests.connectors import registers as registers  # noqa: PLC0414 - pytest finds it by name
from tests.fakes import FakeConsents, FakeLog, Live, admitting, kept_nowhere, unsigned
from tests.prefill_builders import field
from tests.unit.gateway.quota.test_ledger import Memory

SEED = Path(__file__).parents[4] / "deploy" / "seed"
OFFICERS: dict[str, dict[str, object]] = {
    "population": {
        "options": {
            "app_name": "motlan",
            "partner_code": "H99",
            "partner_code_cus": "H99",
            "agencies": {"H99.30.01": "canbo.demo"},
            "default_procedure": "1.012564",
        }
    }
}
LAND = ("giay_chung_nhan.so_phat_hanh", "thua_dat.so_thua", "thua_dat.dien_tich")


@cache
def catalog() -> Snapshot:
    """Return the seeded catalog."""
    return assemble((each.entry for each in read_folder(SEED).items), 1)


class Desk:
    """The commune's one-stop desk and the log of what it asked."""

    def __init__(self, adapters: dict[str, SourceAdapter], keys: Path) -> None:
        self.log = FakeLog()
        agreements = frozenset(f"TT-2026-{number:04}" for number in range(1, 40))
        consents = FakeConsents()
        consent = Consent(
            grants=consents.grants_for,
            representation=consents.representation,
            principal_ref=lambda _subject, _at: "a" * 32,
            spend=Ledger(Memory()).spend_consent,
        )
        exchange = Exchange(
            authenticate=Authenticate(
                admitting(lambda _token, _now: a_principal(scopes=agreements))
            ),
            resolve=Resolve(catalog),
            authorise=Authorise(Ledger(Memory()), lambda _subject, _at: None),
            consent=consent,
            signed=unsigned,
            settled=Settled(catalog),
            route=Route(adapters, consent.confirm),
            record=Record(
                log=self.log,
                leaves=Leaves(Pseudonyms(Keyring(keys)), lambda: NOON),
                noise=lambda _code, _peer: None,
                counts=lambda *_count: None,
                live=Live(),
                witnessed=lambda: True,
                keep=kept_nowhere,
            ),
        )
        numbers = count(1)
        self.prefill = Prefill(
            authenticate=exchange.authenticate,
            exchange=exchange,
            turn_away=exchange.turn_away,
            snapshot=catalog,
            new_id=lambda: f"01930f2e-7c1d-7c3a-9d52-{next(numbers):012x}",
        )

    async def permit(self, persona: str, wait_s: float = 5.0, **subject: object) -> Prefilled:
        """Fill the building permit for *persona*."""
        body = PrefillBody(subject=subject_of(persona, **subject), dossier="HS-1")
        return await self.prefill(
            Request(
                procedure="1.013225",
                body=body,
                token="token",
                shown=Shown(method="POST", url="https://lgsp.example/v1/prefill/1.013225"),
                request_id="01930f2e-7c1d-7c3a-9d52-000000000000",
                at=NOON,
                deadline=asyncio.get_running_loop().time() + wait_s,
            )
        )


@pytest.fixture
async def desk(registers: dict[str, str], tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose connectors are open."""
    async with AsyncExitStack() as stack:
        adapters = {
            name: an_adapter(name, url, **OFFICERS.get(name, {})) for name, url in registers.items()
        }
        for adapter in adapters.values():
            await adapter.open()
            stack.push_async_callback(adapter.aclose)
        yield Desk(adapters, tmp_path / "keys")


def reason_of(answered: Field) -> str | None:
    """Return the code of the reason, when there is one."""
    return None if answered.reason is None else answered.reason.code


async def test_the_heros_permit_is_filled_but_for_the_building_itself(desk: Desk) -> None:
    """Every field that a register holds, and eight that only the applicant knows."""
    filled = await desk.permit("p01")

    left = {each.code for each in filled.fields if each.state not in ("filled", "confirmed")}
    assert {
        "chu_dau_tu.so_dien_thoai",
        "cong_trinh.loai",
        "cong_trinh.so_tang",
        "cong_trinh.chieu_cao",
        "cong_trinh.dien_tich_xay_dung",
        "cong_trinh.tong_dien_tich_san",
        "thiet_ke.don_vi",
        "cam_ket.an_toan",
    } == left
    assert ("AA 00419027", "207") == tuple(
        field(filled, code).value for code in ("giay_chung_nhan.so_phat_hanh", "thua_dat.so_thua")
    )
    assert ("Trần Quốc Huy", True) == tuple(
        field(filled, code).value for code in ("dong_so_huu.vo_chong", "giay_chung_nhan.xac_minh")
    )
    assert (30, 22, 3 + 8) == (
        filled.counts.typed_today,
        filled.counts.filled,
        filled.counts.typed_now,
    )


async def test_three_papers_of_the_hero_may_no_longer_be_asked_for(desk: Desk) -> None:
    """Identity, certificate and marriage: each with its article."""
    filled = await desk.permit("p01")

    assert {"giay_to_nhan_than", "giay_chung_nhan", "giay_hon_nhan"} == {
        each.code for each in filled.components if not each.ask
    }
    assert () == filled.contradictions


async def test_each_question_of_a_form_has_its_record_and_its_law(desk: Desk) -> None:
    """Four exchanges, four leaves, and no consent that nobody gave (promises P1, P2)."""
    filled = await desk.permit("p01")

    assert [4, 4] == [len(filled.exchanges), len(desk.log.entries)]
    assert {each.body.id for each in desk.log.entries} == {
        each.receipt for each in filled.exchanges
    }
    laws = [each.basis for each in filled.fields if each.basis is not None]
    assert {("law", "nd217-2026-d7k3", None)} == {
        (each.kind, each.code, each.consent_id) for each in laws
    }


@pytest.mark.parametrize("persona", ["p06", "p03"], ids=["not in the land register", "no land"])
async def test_who_holds_no_land_is_told_what_to_do(desk: Desk, persona: str) -> None:
    """Not found is not the same as not existing; the rest of the form is filled."""
    filled = await desk.permit(persona)

    assert {("missing", "no_match")} == {
        (field(filled, code).state, reason_of(field(filled, code))) for code in LAND
    }
    assert "filled" == field(filled, "chu_dau_tu.thuong_tru.ma_xa").state
    certificate = next(each for each in filled.components if each.code == "giay_chung_nhan")
    assert certificate.ask


async def test_a_holder_by_another_name_is_shown_with_the_ticket(desk: Desk) -> None:
    """The land register spells the owner otherwise: both are shown, neither is right."""
    filled = await desk.permit("p07")

    (one,) = [each for each in filled.contradictions if each.code == "chu_dau_tu_dung_ten"]
    assert ("Đỗ Văn Lãm", "csdl.datdai", "1.012564") == (
        one.left.value,
        one.right.source,
        one.ticket.procedure,
    )
    assert one.left.value != one.right.value
    assert "differs" == field(filled, "giay_chung_nhan.nguoi_dung_ten").state


async def test_two_certificates_are_offered_and_one_can_be_named(desk: Desk) -> None:
    """The choice is the person's; with the serial named, the form fills itself."""
    open_form = await desk.permit("p15")
    settled = await desk.permit("p15", so_phat_hanh="CH 881501")

    serial = field(open_form, "giay_chung_nhan.so_phat_hanh")
    assert ("choose", {"CH 881501", "CM 771502"}) == (serial.state, set(serial.choices))
    assert "several_found" == reason_of(field(open_form, "giay_chung_nhan.xac_minh"))
    assert "CH 881501" == field(settled, "giay_chung_nhan.so_phat_hanh").value
    assert field(settled, "giay_chung_nhan.xac_minh").value is True


async def test_a_person_without_a_spouse_has_no_spouse_to_name(desk: Desk) -> None:
    """Single is an answer; the certificate of marital status is spared all the same."""
    filled = await desk.permit("p03")

    assert "not_on_record" == reason_of(field(filled, "dong_so_huu.vo_chong"))
    paper = next(each for each in filled.components if each.code == "giay_hon_nhan")
    assert not paper.ask


async def test_a_child_builds_nothing_without_a_representative(desk: Desk) -> None:
    """No register learns that somebody asked about the child."""
    filled = await desk.permit("p10")

    assert {"representative_required"} == {each.outcome for each in filled.exchanges}
    assert 0 == filled.counts.filled


async def test_a_silent_register_leaves_the_others_as_they_were(
    desk: Desk, registers: dict[str, str]
) -> None:
    """The land register hangs; the person's fields come within the deadline (promise P9)."""
    await order(registers["land"], "silent", -1)
    try:
        filled = await desk.permit("p01", wait_s=0.7)
    finally:
        await order(registers["land"], "silent", 0)

    assert {"source_timeout"} == {reason_of(field(filled, code)) for code in LAND}
    assert "filled" == field(filled, "chu_dau_tu.thuong_tru.ma_xa").state


async def test_the_registers_know_the_same_exchanges_as_the_form(
    desk: Desk, registers: dict[str, str]
) -> None:
    """Every question at a source belongs to a named exchange; there are no others."""
    before = {name: len(await noted(url)) for name, url in registers.items()}

    filled = await desk.permit("p01")

    after = {name: (await noted(url))[before[name] :] for name, url in registers.items()}
    seen = {each["exchange_id"] for questions in after.values() for each in questions}
    assert {each.exchange_id for each in filled.exchanges} == seen
