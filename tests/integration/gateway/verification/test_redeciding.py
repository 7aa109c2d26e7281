"""A sample decided again, with catalog and consents as a real database holds them."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from catalog.repository import CatalogRepository, TwoPeople
from gateway import database
from gateway.audit.entry import Entry
from gateway.audit.leaf import Actor, Leaf, Target
from gateway.verification.damage import Part
from gateway.verification.decisions import Sampler
from gateway.verification.redeciding import Redeciding
from gateway.verification.report import Report
from tests import catalog_builders as catalog
from tests.audit_builders import PSEUDONYM, an_access
from tests.audit_rows import a_writer, connected
from tests.replays import fold, replayed
from tests.tree_rows import a_log

DIGEST = "SELECT digest FROM catalog.agreement_version WHERE code = 'TT-2026-0001' AND rev = 1"


async def published(dsn: str) -> str:
    """Publish the small catalog; return how records name its agreement."""
    engine = database.engine(dsn, role=None)
    procedure = catalog.procedure(competent=("H99.20", "H99.30.01"))
    async with database.transaction(engine) as session:
        people = TwoPeople("kt-01", "kt-02")
        await CatalogRepository(session).apply(
            catalog.documents(procedure), people, today=catalog.TODAY
        )
    await engine.dispose()
    async with connected(dsn) as connection:
        return f"TT-2026-0001@1#{(await connection.fetchval(DIGEST))[:32]}"


def a_release(agreement: str, **basis: Any) -> Leaf:
    """Return the record of a release that the small catalog allows."""
    leaf = an_access()
    assert leaf.basis is not None
    ground = {
        "agreement": agreement, "law": "nd217-2026-d7k3", "policy": "tat-ca",
        "purpose": "giai-quyet-tthc", "proc": "1.013225", "dossier": PSEUDONYM,
    }  # fmt: skip
    return replace(
        leaf,
        actor=Actor(org="H99.30.01", client="motcua-xa"),
        basis=replace(leaf.basis, **(ground | basis)),
        target=Target(
            dataset="csdl.dancu", service="dancu.tracuu", ver="1.0.0", src="population",
            asked=("ho_ten",), fields=("ho_ten",), sens=2,
        ),
    )  # fmt: skip


async def judged(dsn: str, folder: Path, *leaves: Leaf) -> Report:
    """Record *leaves*, replay, and decide every access again."""
    of, sampler = a_log(folder), Sampler(100)
    async with a_writer(dsn) as writer:
        for leaf in leaves:
            await writer.append(Entry(body=leaf))
    await fold(dsn, of)
    report = await replayed(dsn, of, take=sampler.take)
    async with await database.raw_pool(dsn, None, 1) as pool:
        await Redeciding(pool).judge(sampler.sample, report)
    return report


async def test_decisions_are_the_same_again_or_named(database_url: str, tmp_path: Path) -> None:
    """Index 0 is the writer's opening leaf; 1 stands, 2 does not, 3 and 4 cannot be judged."""
    agreement = await published(database_url)
    unknown = "0190c3a0-0000-7000-8000-00000000000a@1"

    report = await judged(
        database_url,
        tmp_path,
        a_release(agreement),
        a_release(agreement, policy="dong-khac"),
        a_release("TT-2026-0099@1#" + "ab" * 16),
        a_release(agreement, consent=unknown, law=None),
    )

    assert [(Part.DECISION, 2)] == [(each.part, each.index) for each in report.damages.named]
    assert (2, 2) == (report.counts.decisions, report.counts.undecided)


async def test_a_sample_of_nothing_asks_nothing(database_url: str) -> None:
    """A log of refusals alone has no access to decide again."""
    report = Report()
    async with await database.raw_pool(database_url, None, 1) as pool:
        await Redeciding(pool).judge([], report)

    assert report.whole
    assert 0 == report.counts.decisions
