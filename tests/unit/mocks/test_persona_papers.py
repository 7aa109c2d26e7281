"""The cast in the registers of land, insurance and civil status."""

from mocks.personas import cast, persona


def test_papers_are_there_for_those_who_have_them_and_for_nobody_else() -> None:
    """Missing papers are half of what the cast shows."""
    held = {one.paper for paper in cast().certificates for one in paper.holders}
    insured = {one.number for one in cast().careers}

    assert {persona(id_).number for id_ in ("p01", "p02", "p07", "p15", "p16", "p17", "p22")} < held
    assert not held & {persona(id_).number for id_ in ("p03", "p06", "p20", "p23", "p24")}
    assert not insured & {persona(id_).number for id_ in ("p12", "p20", "p24")}


def test_papers_name_their_holders_as_the_population_register_does_but_for_one() -> None:
    """Only p07 shows a clerk's mistake; any other would be ours."""
    names = {one.number: str(one.name) for one in cast().people}
    odd = {
        held.paper
        for paper in cast().certificates
        for held in paper.holders
        if names.get(str(held.paper), held.name) != held.name
    }

    assert {persona("p07").number} == odd


def test_serials_and_parcels_are_nobody_elses() -> None:
    """A serial is asked for alone with its holder's number."""
    papers = cast().certificates
    parcels = [(p.commune, p.sheet, p.number) for paper in papers for p in paper.parcels]

    assert len(papers) == len({paper.serial for paper in papers})
    assert len(parcels) == len(set(parcels))
