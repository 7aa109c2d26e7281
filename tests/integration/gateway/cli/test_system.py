"""Tests of `motlan system`: files in, one act after the other, and what each of them ends."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from auth import documents
from auth.credentials import keytexts
from auth.systems import Registration
from gateway.cli.exits import Exit
from gateway.errors import RightsGone
from gateway.rights import system_right
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer
from tests.command_line import SEED, answer, motlan
from tests.party_builders import CLIENT, OTHER_KEY, a_registration

ALONE = ("--by", "cb-01", "--reason", "Công văn 12/STTTT")
SIGNED = (*ALONE, "--approved-by", "cb-02")
PEOPLE = ("--published-by", "cb-01", "--approved-by", "cb-02")
DESK = a_registration(agency="H99.30")


@pytest.fixture
def here(database_url: str) -> tuple[str, str]:
    """Give the flags of a database that has the catalog of the demo."""
    flags = ("--url", database_url)
    assert Exit.OK == motlan("catalog", "apply", str(SEED), *PEOPLE, *flags).exit_code
    return flags


def written(folder: Path, *registrations: Registration) -> str:
    """Write *registrations* into a file of *folder* and return its name."""
    path = folder / "systems.yaml"
    path.write_text(documents.write(registrations), encoding="utf-8")
    return str(path)


def test_a_file_is_tried_applied_and_applied_again(here: tuple[str, str], tmp_path: Path) -> None:
    """What is in git is what stands; doing it twice changes nothing."""
    path = written(tmp_path, DESK)

    tried = answer("system", "apply", path, "--dry-run", *SIGNED, *here)
    nothing = answer("system", "list", *here)
    done = answer("system", "apply", str(tmp_path), *SIGNED, *here)
    again = answer("system", "apply", path, *SIGNED, *here)
    (line,) = answer("system", "list", *here)

    assert ([], True) == (nothing, tried["dry_run"])
    assert [CLIENT] == ids(tried["changes"]) == ids(done["changes"])
    assert ([], 1) == (again["changes"], again["unchanged"])
    assert (CLIENT, "H99.30", "active", 1) == tuple(
        line[name] for name in ("client_id", "agency", "state", "version")
    )
    assert ("cb-01", "Công văn 12/STTTT") == (line["by"], line["reason"])


def ids(lines: list[dict[str, Any]]) -> list[str]:
    """Return the client ids of *lines*."""
    return [line["client_id"] for line in lines]


def test_an_agency_that_is_not_in_the_catalog_is_refused_with_its_line(
    here: tuple[str, str], tmp_path: Path
) -> None:
    """A system of nobody can hold no agreement; and the good document beside it waits, too."""
    stray = replace(DESK, client_id="la-ai", agency="H98.1")
    path = written(tmp_path, DESK, stray)

    result = motlan("system", "apply", path, *SIGNED, *here)
    (finding,) = answer("system", "apply", path, *SIGNED, *here)["findings"]

    assert Exit.REFUSED == result.exit_code
    assert f"{path}:{finding['line']}: agency_unknown" in result.stderr
    assert "agency: H98.1" == Path(path).read_text().splitlines()[finding["line"] - 1]
    assert [] == answer("system", "list", *here)


def test_a_wrong_file_is_named_by_file_and_line(here: tuple[str, str], tmp_path: Path) -> None:
    """An editor jumps there."""
    (tmp_path / "odd.yaml").write_text("kind: system\nclient_id: Một cửa\n", encoding="utf-8")

    result = motlan("system", "apply", str(tmp_path), *SIGNED, *here)

    assert Exit.REFUSED == result.exit_code
    assert "odd.yaml:1: member_missing" in result.stderr


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Nothing to apply is a mistake of the path, not a success."""
    if content is not None:
        (tmp_path / "odd.yaml").write_bytes(content)

    assert Exit.REFUSED == motlan("system", "apply", str(tmp_path), *SIGNED).exit_code


async def test_a_suspension_holds_from_the_next_commit(
    here: tuple[str, str], database_url: str, tmp_path: Path
) -> None:
    """Promise P3, from the operator's hand to the record; and resuming revives no old token."""

    async def run(*arguments: str) -> Any:
        who = ALONE if "suspend" in arguments else SIGNED
        return await asyncio.to_thread(answer, "system", *arguments, *who, *here)

    await run("apply", written(tmp_path, DESK))
    async with a_writer(database_url) as log:
        await log.append(an_entry(system_right(CLIENT, 1)))
        suspended = await run("suspend", CLIENT)
        with pytest.raises(RightsGone):
            await log.append(an_entry(system_right(CLIENT, 1)))
        resumed = await run("resume", CLIENT)
        with pytest.raises(RightsGone):
            await log.append(an_entry(system_right(CLIENT, 1)))
        await log.append(an_entry(system_right(CLIENT, 3)))

    assert ("suspended", True) == (suspended["state"], suspended["changed"])
    assert ("active", True) == (resumed["state"], resumed["changed"])


def test_a_file_never_resumes_anybody(here: tuple[str, str], tmp_path: Path) -> None:
    """Who deploys configuration must not undo what security decided."""
    answer("system", "apply", written(tmp_path, DESK), *SIGNED, *here)
    answer("system", "suspend", CLIENT, *ALONE, *here)
    again = answer("system", "suspend", CLIENT, *ALONE, *here)
    new_key = written(tmp_path, replace(DESK, jwks=(OTHER_KEY.public,)))
    (change,) = answer("system", "apply", new_key, *SIGNED, *here)["changes"]

    assert ("suspended", False) == (again["state"], again["changed"])
    assert ("suspended", "keys_rotated") == (change["state"], change["act"])


def test_a_blocked_system_stays_blocked(here: tuple[str, str], tmp_path: Path) -> None:
    """For good means that no file and no command brings it back."""
    path = written(tmp_path, DESK)
    answer("system", "apply", path, *SIGNED, *here)
    asked = motlan("system", "block", CLIENT, *ALONE, *here)
    blocked = answer("system", "block", CLIENT, "--yes", *ALONE, *here)
    resumed = motlan("system", "resume", CLIENT, *SIGNED, *here)
    unchanged = answer("system", "apply", path, *SIGNED, *here)
    renamed = written(tmp_path, replace(DESK, name_en="Another"))
    (finding,) = answer("system", "apply", renamed, *SIGNED, *here)["findings"]

    assert Exit.REFUSED == asked.exit_code == resumed.exit_code
    assert "blocked" == blocked["state"]
    assert 1 == unchanged["unchanged"]
    assert "system_blocked" == finding["code"]


@pytest.mark.parametrize("missing", ["--by", "--reason"])
def test_every_act_says_who_and_why(here: tuple[str, str], missing: str) -> None:
    """An auditor asks both, years later; blanks are no answer."""
    said = {"--by": "cb-01", "--reason": "thử"} | {missing: "  "}
    flags = [part for pair in said.items() for part in pair]

    assert Exit.REFUSED == motlan("system", "suspend", CLIENT, *flags, *here).exit_code


def test_nobody_moves_a_system_that_is_not_there(here: tuple[str, str]) -> None:
    """A typing mistake at night must not look like a suspension."""
    result = motlan("system", "suspend", "la-ai", *ALONE, *here)

    assert Exit.REFUSED == result.exit_code
    assert "no system" in result.stderr


def test_a_database_that_does_not_answer_is_the_databases_fault() -> None:
    """An operator looks where the code points."""
    nowhere = ("--url", "postgresql://nobody@127.0.0.1:1/none")

    assert Exit.DATABASE == motlan("system", "list", *nowhere).exit_code


def test_a_live_system_takes_two_people_at_the_command_line_too(
    here: tuple[str, str], tmp_path: Path
) -> None:
    """Whoever has a shell is still one person, and the database says so."""
    path = written(tmp_path, DESK)

    (finding,) = answer("system", "apply", path, *ALONE, *here)["findings"]
    twice = answer("system", "apply", path, *ALONE, "--approved-by", "cb-01", *here)
    (done,) = answer("system", "apply", path, *SIGNED, *here)["changes"]

    assert "second_person_missing" == finding["code"] == twice["findings"][0]["code"]
    assert ("cb-01", "cb-02") == (done["by"], done["approved_by"])


def test_a_key_from_its_making_to_its_revocation(here: tuple[str, str], tmp_path: Path) -> None:
    """Make, register, rotate with overlap, revoke: what is shown follows each step."""
    made = [
        answer("system", "keygen", "--live", "--out", str(tmp_path / name)) for name in ("a", "b")
    ]
    old, new = (each["jwks"]["keys"][0] for each in made)
    answer("system", "apply", written(tmp_path, replace(DESK, jwks=(old,))), *SIGNED, *here)
    offered = tmp_path / "new.json"
    offered.write_bytes(msgspec.json.encode(made[1]["jwks"]))

    rotated = answer(
        "system", "rotate", CLIENT, "--jwks", str(offered), "--overlap", "24", *SIGNED, *here
    )
    between = answer("system", "show", CLIENT, *here)
    revoked = answer("system", "revoke-key", CLIENT, old["kid"], *ALONE, *here)
    last = motlan("system", "revoke-key", CLIENT, new["kid"], *ALONE, *here)
    after = answer("system", "show", CLIENT, *here)

    assert ("keys_rotated", 2) == (rotated["act"], rotated["keys"])
    assert [1, None] == [each["days_left"] for each in between["credentials"]]
    assert ("keys_revoked", 1) == (revoked["act"], revoked["keys"])
    assert Exit.REFUSED == last.exit_code
    assert [new["kid"]] == [each["name"] for each in after["credentials"]]
    assert ["registered", "keys_rotated", "keys_revoked"] == [
        each["act"] for each in after["history"]
    ]


def test_a_key_file_is_for_its_owner_and_is_never_overwritten(tmp_path: Path) -> None:
    """A private key that somebody else can read, or that is lost by a typing error, is no key."""
    path = tmp_path / "key"
    made = motlan("system", "keygen", "--sandbox", "--algorithm", "EdDSA", "--out", str(path))
    again = motlan("system", "keygen", "--sandbox", "--out", str(path))
    nowhere = motlan("system", "keygen", "--out", str(tmp_path / "other"))

    private, environment = keytexts.read(path.read_text())

    assert (Exit.OK, Exit.REFUSED, Exit.REFUSED) == (
        made.exit_code, again.exit_code, nowhere.exit_code,
    )  # fmt: skip
    assert 0o600 == path.stat().st_mode & 0o777
    assert ("test", "Ed25519") == (environment.value, private["crv"])
    assert private["d"] not in made.output
    assert private["kid"] in made.output


def test_what_cannot_be_added_is_refused_before_the_database_is_asked(tmp_path: Path) -> None:
    """A wrong file is a wrong file, wherever it is tried."""
    odd = tmp_path / "odd.json"
    odd.write_text('{"keys": 1}')
    tried = [("--jwks", str(odd)), ("--certificate", "abc"), ()]

    codes = [
        motlan("system", "rotate", CLIENT, *each, *SIGNED, "--url", "postgresql://x").exit_code
        for each in tried
    ]

    assert [Exit.REFUSED] * 3 == codes
