"""Public keys as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tlog.vkeys import KEY_BYTES, Kind, NoteInvalid, check_name, decode, parse_vkey, vkey
from tests.tlog_builders import ORIGIN

# Printed in the documentation of Go's note package.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
# The key under which Go's checksum database is signed.
GO_SUM = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
NAMES = st.text(min_size=1, max_size=60).filter(
    lambda name: not any(c.isspace() or c == "+" or c < " " for c in name)
)
NO_NAMES = {
    "nothing": "",
    "a space": "a b",
    "a space of another alphabet": "a\u00a0b",
    "a line separator": "a\u2028b",
    "a plus": "a+b",
    "a newline": "a\nb",
    "a control character": "a\x01b",
    "half a surrogate pair": "a\ud800",
    "more than 255 bytes": "ă" * 128,
}
NO_KEYS = {
    "nothing": "",
    "no identifier": "PeterNeumann",
    "no key": "PeterNeumann+c74f20a3",
    "another identifier": NEUMANN.replace("c74f20a3", "c74f20a4"),
    "an identifier in capitals": NEUMANN.replace("c74f20a3", "C74F20A3"),
    "another name": "Peter" + NEUMANN,
    "no name": NEUMANN.removeprefix("PeterNeumann"),
    "a key cut short": "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegw",
    "a longer key": "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    "an unknown type": "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "no base64": "PeterNeumann+c74f20a3+A$pc",
    "base64 without padding": "PeterNeumann+c74f20a3+AQ",
    "empty material": "PeterNeumann+c74f20a3+",
}


@pytest.mark.parametrize("text", [NEUMANN, GO_SUM])
def test_a_key_printed_elsewhere_is_read(text: str) -> None:
    """Two keys in the wild, made by programs that are not ours."""
    assert text == str(parse_vkey(text))
    assert Kind.ED25519 == parse_vkey(text).kind


@given(NAMES, st.sampled_from(Kind), st.data())
def test_a_key_is_read_as_it_was_written(name: str, kind: Kind, data: st.DataObject) -> None:
    """An auditor copies the key from a page."""
    public = data.draw(st.binary(min_size=KEY_BYTES[kind], max_size=KEY_BYTES[kind]))

    assert vkey(name, kind, public) == parse_vkey(str(vkey(name, kind, public)))


@pytest.mark.parametrize("case", NO_KEYS)
def test_nothing_else_is_a_key(case: str) -> None:
    """A key that was mistyped must not verify anything, not even in silence."""
    with pytest.raises(NoteInvalid):
        parse_vkey(NO_KEYS[case])


@pytest.mark.parametrize("case", NO_NAMES)
def test_a_name_that_cannot_stand_in_a_line_is_refused(case: str) -> None:
    """A name with a newline would add a signature line of its own."""
    with pytest.raises(NoteInvalid):
        check_name(NO_NAMES[case])


def test_a_name_may_speak_vietnamese() -> None:
    """The specification asks for UTF-8, not for ASCII."""
    check_name("kiểm-toán.example/tỉnh")


@pytest.mark.parametrize("kind", list(Kind))
def test_a_key_of_another_length_is_refused(kind: Kind) -> None:
    """Swapped keys are noticed when they are configured."""
    with pytest.raises(NoteInvalid):
        vkey(ORIGIN, kind, b"x" * 31)


@pytest.mark.parametrize("text", ["QQ", "QR==", "QQ==\n", "Q Q==", "QQ=", "QQ===", "Ă===", "-_8="])
def test_base64_has_one_spelling(text: str) -> None:
    """Two spellings of one signature would be two lines."""
    with pytest.raises(NoteInvalid):
        decode(text)
