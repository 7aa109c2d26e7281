"""Keys and tokens on a caller's disk."""

import json
from pathlib import Path

import msgspec
import pytest

from auth.client import new_client_key
from auth.credentials import keytexts
from auth.credentials.environments import Environment
from gateway.calling.kept import Kept, KeyUnusable, Tokens, read_key
from gateway.calling.system import Held

KEY = new_client_key()
GATEWAY = "http://127.0.0.1:8100"
KEPT = Kept(
    gateway=GATEWAY,
    client_id="motcua-xa",
    kid=KEY.public["kid"],
    held=Held("t-1", "DPoP", 1_800_000_000.0),
    nonce="n-1",
)


def a_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    """Write a key file."""
    path = folder / "motcua-xa.json"
    path.touch()
    path.chmod(mode)
    path.write_bytes(content)
    return path


def test_a_pair_and_a_plain_private_key_are_both_read(tmp_path: Path) -> None:
    """`motlan demo` writes the first, every other tool the second."""
    pair = read_key(a_file(tmp_path, msgspec.json.encode(KEY)))
    plain = read_key(a_file(tmp_path, json.dumps(KEY.private).encode()))

    assert (KEY.public["kid"], KEY.public["kid"]) == (pair.public["kid"], plain.public["kid"])
    assert KEY.private["d"] == plain.private["d"]


def test_a_line_of_keygen_is_read_and_a_mistyped_one_says_so(tmp_path: Path) -> None:
    """From the key's making to the first call without another tool."""
    private = keytexts.new(Environment.TEST, "EdDSA")
    line = keytexts.text_of(private, Environment.TEST).encode()

    assert private == read_key(a_file(tmp_path, line + b"\n")).private
    with pytest.raises(KeyUnusable, match="mistyped"):
        read_key(a_file(tmp_path, line[:-1] + (b"0" if line[-1:] != b"0" else b"1")))


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        pytest.param(msgspec.json.encode(KEY), 0o644, id="readable by others"),
        pytest.param(msgspec.json.encode(KEY), 0o660, id="readable by the group"),
        pytest.param(json.dumps(KEY.public).encode(), 0o600, id="the public half"),
        pytest.param(b'{"kty":"RSA","d":"AQAB"}', 0o600, id="another kind of key"),
        pytest.param(b'{"private":{"kty":"EC","crv":"P-256","d":[]}}', 0o600, id="a list"),
        pytest.param(b"[" * 9_000, 0o600, id="brackets"),
        pytest.param(b"\xff\xfe", 0o600, id="noise"),
        pytest.param(b"", 0o600, id="nothing"),
    ],
)
def test_what_is_no_private_key_of_ours_is_refused(
    tmp_path: Path, content: bytes, mode: int
) -> None:
    """And the refusal quotes nothing of it."""
    with pytest.raises(KeyUnusable) as refused:
        read_key(a_file(tmp_path, content, mode))

    assert KEY.private["d"] not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The most frequent mistake of all."""
    with pytest.raises(KeyUnusable, match=r"khong-co\.json"):
        read_key(tmp_path / "khong-co.json")


def test_a_token_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """With the key it is as good as a password for five minutes."""
    tokens = Tokens(tmp_path / "motcua-xa.json")
    tokens.keep(KEPT)

    (file,) = tmp_path.iterdir()
    assert 0o600 == file.stat().st_mode & 0o777
    assert KEPT == tokens.find(GATEWAY, "motcua-xa", KEY)
    assert "t-1" not in repr(KEPT)


def test_a_token_of_another_gateway_system_or_key_is_not_found(tmp_path: Path) -> None:
    """It would be refused there, and the refusal would be recorded."""
    tokens = Tokens(tmp_path / "motcua-xa.json")
    tokens.keep(KEPT)

    assert [None, None, None] == [
        tokens.find("http://127.0.0.1:8101", "motcua-xa", KEY),
        tokens.find(GATEWAY, "an-sinh", KEY),
        tokens.find(GATEWAY, "motcua-xa", new_client_key()),
    ]


def test_a_token_that_others_could_have_written_is_not_used(tmp_path: Path) -> None:
    """Somebody else's token would record the question as somebody else's."""
    tokens = Tokens(tmp_path / "motcua-xa.json")
    tokens.keep(KEPT)
    (file,) = tmp_path.iterdir()
    file.chmod(0o666)

    assert tokens.find(GATEWAY, "motcua-xa", KEY) is None


def test_noise_in_the_place_of_a_token_is_no_token(tmp_path: Path) -> None:
    """A half-written file of an older release costs one more request, no more."""
    tokens = Tokens(tmp_path / "motcua-xa.json")
    tokens.keep(KEPT)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b'{"gateway":')

    assert tokens.find(GATEWAY, "motcua-xa", KEY) is None


def test_nothing_is_kept_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A key on a read-only disk still asks."""
    tokens = Tokens(tmp_path / "gone" / "motcua-xa.json")

    tokens.keep(KEPT)
    tokens.forget()

    assert tokens.find(GATEWAY, "motcua-xa", KEY) is None
