"""Who looks is written down: how, about whom, for which case."""

from pathlib import Path

import pytest

from auth.people import Role
from gateway.audit.acts import Acts
from gateway.audit.events import Event, Method
from gateway.audit.leaf import Subjects
from gateway.audit.pseudonyms import Scheme, epoch_of
from gateway.clock import utc_now
from gateway.errors import AuditUnavailable, Refusal
from gateway.search.lookups import Lookups
from gateway.search.rates import Rate
from tests.audit_builders import PSEUDONYM
from tests.audit_servers import Recorded
from tests.people import a_person
from tests.search_builders import some_pseudonyms

NUMBER, CASE = "003190000123", "TT-12/2026"


async def test_a_look_names_everybody_by_pseudonym(tmp_path: Path) -> None:
    """The leaf holds no number, no account, no case as they are (promise P6)."""
    names, log = some_pseudonyms(tmp_path), Recorded()
    lookups = Lookups(Acts(names, utc_now), log.append, Rate(10))
    made = await lookups.record(
        a_person(Role.AUDITOR),
        "/v1/audit/inquiries",
        asked=NUMBER.encode(),
        about=((Scheme.CITIZEN, NUMBER),),
        case=CASE,
    )

    (leaf,) = log.leaves
    epoch = epoch_of(utc_now())
    assert (made, Event.AUDIT_SEARCH) == (leaf.id, leaf.type)
    assert leaf.subj == Subjects(k=epoch, p=(names.of(Scheme.CITIZEN, NUMBER, epoch),))
    assert leaf.basis is not None
    assert leaf.basis.dossier == names.of(Scheme.DOSSIER, CASE, epoch)
    assert leaf.actor is not None
    assert leaf.actor.user == names.of(Scheme.OFFICIAL, "kt-01", epoch)
    assert not any(secret in str(leaf) for secret in (NUMBER, CASE, "kt-01"))


async def test_the_reading_of_a_record_is_about_whom_the_record_is(tmp_path: Path) -> None:
    """Under the record's own epoch, which may be another than today's."""
    log = Recorded()
    lookups = Lookups(Acts(some_pseudonyms(tmp_path), utc_now), log.append, Rate(10))
    about = Subjects(k="2024", p=(PSEUDONYM,))
    await lookups.record(
        a_person(Role.AUDITOR), "/v1/audit/records/{index}", method=Method.GET, of_record=about
    )

    assert about == log.leaves[0].subj


async def test_a_look_that_cannot_be_recorded_is_none(tmp_path: Path) -> None:
    """Whoever calls gets no answer to give."""
    log = Recorded()
    lookups = Lookups(Acts(some_pseudonyms(tmp_path), utc_now), log.append, Rate(1))
    log.broken = True
    with pytest.raises(AuditUnavailable):
        await lookups.record(a_person(Role.AUDITOR), "/v1/audit/search")
    log.broken = False
    with pytest.raises(Refusal):
        await lookups.record(a_person(Role.AUDITOR), "/v1/audit/search")

    assert [] == log.leaves


@pytest.mark.parametrize(("given", "kept"), [("TT-2026-0001", "TT-2026-0001"), (NUMBER, None)])
async def test_a_look_at_an_agreement_stands_in_its_story(
    tmp_path: Path, given: str, kept: str | None
) -> None:
    """Who read an agreement's story belongs to it; a word that is no code stays out of the log."""
    log = Recorded()
    lookups = Lookups(Acts(some_pseudonyms(tmp_path), utc_now), log.append, Rate(10))
    await lookups.record(a_person(Role.AUDITOR), "/v1/audit/timelines", agreement=given)

    basis = log.leaves[0].basis
    assert kept == (None if basis is None else basis.agreement)
