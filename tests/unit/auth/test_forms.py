"""The token request's form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import forms
from auth.errors import FormRefused
from auth.forms import FORM


def test_members_and_resources_are_read() -> None:
    """RFC 8707 lets `resource` stand more than once, so it is kept apart."""
    body = b"grant_type=client_credentials&scope=TT-1+TT-2&resource=a&resource=b&state="

    assert ({"grant_type": "client_credentials", "scope": "TT-1 TT-2"}, ("a", "b")) == forms.read(
        body, FORM
    )


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=UTF-8", FORM.upper()])
def test_the_type_may_carry_a_character_set(content_type: str) -> None:
    """Many HTTP clients add one."""
    assert ({"a": "1"}, ()) == forms.read(b"a=1", content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b"{}", "application/json", id="JSON"),
        pytest.param(b"a=1", "", id="no type"),
        pytest.param(b"a=1&a=2", FORM, id="a member twice"),
        pytest.param(b"a=1&a=1", FORM, id="a member twice with one value"),
        pytest.param(b"&".join(b"a%d=1" % n for n in range(21)), FORM, id="many members"),
        pytest.param(b"a=" + b"x" * 16_384, FORM, id="a long body"),
        pytest.param(b"a=%FF", FORM, id="not UTF-8"),
        pytest.param("a=ệ".encode(), FORM, id="not encoded"),
    ],
)
def test_a_body_that_is_no_such_form_is_refused(body: bytes, content_type: str) -> None:
    """RFC 6749 section 3.2: parameters must not be repeated."""
    with pytest.raises(FormRefused):
        forms.read(body, content_type)


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_refusal(body: bytes) -> None:
    """Whatever comes over the wire, the answer is ours."""
    try:
        form, _ = forms.read(body, FORM)
    except FormRefused:
        return
    assert all(form.values())
