"""`motlan call` at a gateway that gives prepared answers."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from auth.client import ClientKey, new_client_key
from gateway.cli.commands import main
from gateway.cli.exits import Exit
from tests.callees import FINE, NONCE_AT_THE_ENDPOINT, NONCE_PLEASE, Desk, Reply, a_token, serving

KEY = new_client_key()
NUMBER = "003190000123"
SUBJECT = {"so_dinh_danh": NUMBER, "ho_ten": "Nguyễn Thị Ánh"}
ROUTE = "/v1/data/dancu.xacthuc"
NO_PURPOSE: Reply = (422, {}, {"code": "purpose_missing", "title_vi": "Thiếu", "next_vi": "Thêm"})
DEAD_SOURCE: Reply = (504, {}, {"code": "source_timeout", "title_vi": "Chậm", "next_vi": "Đợi"})
STALE: Reply = (401, {}, {"code": "token_invalid"})


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Give the key of a system."""
    return written(tmp_path, KEY)


def written(folder: Path, key: ClientKey) -> Path:
    """Write a key file as the demo does."""
    path = folder / "motcua-xa.json"
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(key))
    return path


def call(gateway: str, key_file: Path, *more: str, said: str = json.dumps(SUBJECT)) -> Result:
    """Ask once."""
    named = ["call", "dancu.xacthuc", "--key", str(key_file), "--gateway", gateway, *more]
    return CliRunner().invoke(main, named, input=said)


def test_the_question_is_what_was_read_and_what_was_said(key_file: Path) -> None:
    """The person comes by standard input, the case by options."""
    desk = Desk([a_token()], [FINE])
    with serving(desk) as gateway:
        asked = ["--field", "khop", "--purpose", "p", "--procedure", "1.0", "--dossier", "d"]
        done = call(gateway, key_file, *asked)

    ((headers, body),) = desk.sent(ROUTE)
    assert (Exit.OK, "khop: true") == (done.exit_code, done.stdout.splitlines()[0])
    assert {
        "subject": SUBJECT, "purpose": "p", "procedure": "1.0", "dossier": "d", "fields": ["khop"],
    } == json.loads(body)  # fmt: skip
    assert headers["DPoP"]


def test_a_file_may_hold_the_whole_question(key_file: Path, tmp_path: Path) -> None:
    """A question that is asked every day lies in a file; the option goes first."""
    whole = tmp_path / "question.json"
    whole.write_text(json.dumps({"subject": SUBJECT, "purpose": "p", "dossier": "old"}))
    desk = Desk([a_token()], [FINE])
    with serving(desk) as gateway:
        call(gateway, key_file, "--subject-file", str(whole), "--dossier", "new", said="")

    ((_, body),) = desk.sent(ROUTE)
    assert {"subject": SUBJECT, "purpose": "p", "dossier": "new"} == json.loads(body)


def test_the_token_is_kept_between_two_calls_and_the_nonce_with_it(key_file: Path) -> None:
    """The second call is one request."""
    desk = Desk([NONCE_AT_THE_ENDPOINT, a_token()], [NONCE_PLEASE, FINE])
    with serving(desk) as gateway:
        codes = [call(gateway, key_file).exit_code for _ in range(2)]

    assert [Exit.OK, Exit.OK] == codes
    assert (2, 3) == (len(desk.sent("/oauth/token")), len(desk.sent(ROUTE)))


def test_a_kept_token_that_is_no_longer_good_is_replaced_once(key_file: Path) -> None:
    """The gateway may have changed its keys meanwhile."""
    desk = Desk([a_token("t-1"), a_token("t-2")], [FINE, STALE, FINE])
    with serving(desk) as gateway:
        codes = [call(gateway, key_file).exit_code for _ in range(3)]

    tokens = [headers["Authorization"] for headers, _ in desk.sent(ROUTE)]
    assert [Exit.OK] * 3 == codes
    assert ["DPoP t-1", "DPoP t-1", "DPoP t-2", "DPoP t-2"] == tokens


def test_an_officials_token_is_used_once_and_kept_nowhere(key_file: Path, tmp_path: Path) -> None:
    """The next person at this keyboard must not ask in somebody else's name."""
    official = tmp_path / "binh.token"
    official.write_text("id-token-of-binh\n")
    desk = Desk([a_token()], [FINE])
    with serving(desk) as gateway:
        asked = [call(gateway, key_file, "--official-file", str(official)) for _ in range(2)]

    assert [Exit.OK] * 2 == [each.exit_code for each in asked]
    assert 2 == len(desk.sent("/oauth/token"))
    assert {"binh.token", "motcua-xa.json"} == {each.name for each in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("answer", "code"),
    [(NO_PURPOSE, Exit.REFUSED), (DEAD_SOURCE, Exit.UNANSWERED)],
    ids=["a refusal", "a source that is down"],
)
def test_a_problem_is_told_and_ends_with_its_code(
    key_file: Path, answer: Reply, code: Exit
) -> None:
    """A script sees whether it helps to wait."""
    with serving(Desk([a_token()], [answer])) as gateway:
        told = call(gateway, key_file)
        as_json = call(gateway, key_file, "--json")

    assert (code, code) == (told.exit_code, as_json.exit_code)
    assert answer[2] == json.loads(as_json.stdout)
    assert NUMBER not in told.output


def test_a_refused_token_is_told_like_any_problem(key_file: Path) -> None:
    """The token endpoint is part of the call."""
    refusal: Reply = (401, {}, {"error": "invalid_client", "error_description": "no such key"})
    with serving(Desk([refusal], [FINE])) as gateway:
        done = call(gateway, key_file)

    assert Exit.REFUSED == done.exit_code
    assert "invalid_client" in done.output


@pytest.mark.parametrize("said", ["", "[]", NUMBER, "{", "[" * 9_000, f'{{"x":"{"y" * 70_000}"}}'])
def test_what_is_no_subject_is_not_sent_and_not_repeated(key_file: Path, said: str) -> None:
    """Somebody pastes a bare number one day."""
    desk = Desk([a_token()], [FINE])
    with serving(desk) as gateway:
        done = call(gateway, key_file, said=said)

    assert (Exit.USAGE, []) == (done.exit_code, desk.seen)
    assert NUMBER not in done.output


def test_nobody_there_has_a_code_of_its_own(key_file: Path) -> None:
    """The port was free a moment ago."""
    with serving(Desk([a_token()], [FINE])) as gateway:
        pass

    done = call(gateway, key_file)

    assert Exit.UNANSWERED == done.exit_code
    assert gateway in done.output


def test_a_key_that_others_can_read_is_refused_before_anything_is_sent(key_file: Path) -> None:
    """Like ssh does, and for the same reason."""
    key_file.chmod(0o644)
    desk = Desk([a_token()], [FINE])
    with serving(desk) as gateway:
        done = call(gateway, key_file)

    assert (Exit.REFUSED, []) == (done.exit_code, desk.seen)
    assert "chmod 600" in done.output
