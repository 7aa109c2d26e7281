"""The request to cosign: one spelling, and nothing larger than it can be."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.witnessing.requests import (
    LONGEST_REQUEST_BYTES,
    AddCheckpoint,
    RequestMalformed,
    decode,
    decode_size,
    encode,
    encode_size,
)

HASH = base64.b64encode(bytes(32)).decode()
# The example of C2SP tlog-witness.
EXAMPLE = b"""old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

"""


def test_the_specifications_example_is_read() -> None:
    """A witness that misreads the specification's own words serves no stranger."""
    read = decode(EXAMPLE)

    assert 20852014 == read.old
    assert [32] * 4 == [len(each) for each in read.proof]
    assert read.note.startswith("example.com/behind-the-sofa\n20852163\n")


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.text(max_size=200),
)
def test_what_is_written_is_read_back(old: int, proof: list[bytes], note: str) -> None:
    """Client and server are two programs, often of two houses."""
    sent = AddCheckpoint(old, tuple(proof), note)

    assert sent == decode(encode(sent))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 1\n",
        b"old\n\nx",
        b"old 01\n\nx",
        b"old -1\n\nx",
        b"old +1\n\nx",
        b"old 1 \n\nx",
        b"old \xd9\xa1\n\nx",
        b"old 99999999999999999999\n\nx",
        b"OLD 1\n\nx",
        b"old 1\r\n\r\nx",
        b"old 1\nAAAA\n\nx",
        f"old 1\n{HASH[:-1]}\n\nx".encode(),
        f"old 1\n{HASH[:-2]}B=\n\nx".encode(),
        f"old 1\n {HASH}\n\nx".encode(),
        f"old 1\n{HASH}{HASH}\n\nx".encode(),
        b"old 1\n" + f"{HASH}\n".encode() * 64 + b"\nx",
        b"old 1\n\n\xff",
        b"old 1\n\n" + b"x" * LONGEST_REQUEST_BYTES,
    ],
)
def test_what_is_no_request_is_named_so(body: bytes) -> None:
    """Two readings of one request are two histories."""
    with pytest.raises(RequestMalformed):
        decode(body)


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fall(body: bytes) -> None:
    """Anybody may send anything; a witness that falls over watches nothing."""
    try:
        read = decode(body)
    except RequestMalformed:
        return

    assert body == encode(read)


@pytest.mark.parametrize("size", [0, 1, 2**63 - 1])
def test_a_size_is_read_back(size: int) -> None:
    """A refused log learns from it where to begin."""
    assert size == decode_size(encode_size(size))


@pytest.mark.parametrize("body", [b"", b"\n", b"01\n", b"1\n2\n", b"-1", b"1" * 20, b"\xd9\xa1"])
def test_what_names_no_size_is_none(body: bytes) -> None:
    """A size is a number of records, not a guess."""
    assert decode_size(body) is None
