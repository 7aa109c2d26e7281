"""Who asks: one credential, proven, counted once."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from auth.client import token_form
from auth.delegation.admission import Admission, named
from auth.errors import AssertionRefused, FormRefused, RegistrationsUnavailable
from auth.forms import FORM, Post
from auth.replies import Declined
from auth.server import Caller
from tests.delegation_builders import THUMB, an_admission
from tests.party_builders import (
    CLIENT,
    NOON,
    OTHER_KEY,
    FakeDesk,
    a_post,
    a_ring,
    a_system,
    an_assertion,
)

CERTIFIED = Post(
    body=b"grant_type=client_credentials&client_id=motcua-xa", content_type=FORM, certificate=THUMB
)


async def admitted(tmp_path: Path, post: Post, desk: FakeDesk) -> tuple[Admission, Caller]:
    """Prove who sent *post*."""
    admission = an_admission(a_ring(tmp_path), desk)
    return admission, await admission.caller(post, named(post), "token")


@pytest.mark.parametrize(
    ("post", "error"),
    [
        pytest.param(
            a_post(an_assertion(), authorization="Bearer x"), FormRefused, id="two credentials"
        ),
        pytest.param(
            Post(body=token_form(an_assertion()) + b"&client_id=an-sinh", content_type=FORM),
            AssertionRefused,
            id="two names",
        ),
        pytest.param(
            Post(body=b"client_id=motcua-xa", content_type=FORM), Declined, id="a name alone"
        ),
        pytest.param(
            msgspec.structs.replace(CERTIFIED, authorization="Basic eDp5"),
            Declined,
            id="a certificate and a header",
        ),
        pytest.param(
            msgspec.structs.replace(CERTIFIED, body=CERTIFIED.body + b"&client_secret=x"),
            Declined,
            id="a certificate and a secret",
        ),
        pytest.param(
            msgspec.structs.replace(CERTIFIED, body=b"grant_type=client_credentials"),
            Declined,
            id="a certificate without a name",
        ),
        pytest.param(
            msgspec.structs.replace(CERTIFIED, body=b"client_id=" + b"a" * 65),
            Declined,
            id="a name that is too long",
        ),
        pytest.param(
            msgspec.structs.replace(CERTIFIED, body=b"client_id=abc%00"), Declined, id="a nul"
        ),
    ],
)
def test_one_credential_names_one_system(post: Post, error: type[Exception]) -> None:
    """RFC 6749 section 2.3: never two, and never one that contradicts itself."""
    with pytest.raises(error):
        named(post)


def test_a_certificate_names_the_client_of_the_form() -> None:
    """RFC 8705 section 2: the certificate alone says nobody's name."""
    assert CLIENT == named(CERTIFIED).client_id


async def test_a_certificate_is_not_counted(tmp_path: Path) -> None:
    """It proves itself on each connection; nothing could be replayed."""
    desk = FakeDesk(a_system(certificates=(THUMB,)))
    admission, caller = await admitted(tmp_path, CERTIFIED, desk)

    await admission.count(caller)
    await admission.count(caller)

    assert (CLIENT, set()) == (caller.get_client_id(), desk.spent)


async def test_an_assertion_is_counted(tmp_path: Path) -> None:
    """Invariant I10, and not before somebody asks to."""
    desk = FakeDesk(a_system())
    admission, caller = await admitted(tmp_path, a_post(an_assertion()), desk)
    before = set(desk.spent)

    await admission.count(caller)
    with pytest.raises(Declined) as declined:
        await admission.count(caller)

    assert (set(), {(CLIENT, "a1")}) == (before, desk.spent)
    assert "client_assertion_replayed" == declined.value.refused.code


async def test_a_wrong_key_is_not_counted(tmp_path: Path) -> None:
    """A stranger burns nothing."""
    desk = FakeDesk(a_system())

    with pytest.raises(Declined):
        await admitted(tmp_path, a_post(an_assertion(OTHER_KEY)), desk)

    assert set() == desk.spent


async def test_a_silent_database_admits_nobody(tmp_path: Path) -> None:
    """It is not taken for a no, nor for a yes."""
    desk = FakeDesk(a_system(), fails=RegistrationsUnavailable())
    admission, caller = await admitted(tmp_path, a_post(an_assertion()), desk)

    with pytest.raises(RegistrationsUnavailable):
        await admission.count(caller)


async def test_old_assertions_are_forgotten_once_a_minute(tmp_path: Path) -> None:
    """And an hour late: workers' clocks differ."""
    desk = FakeDesk(a_system(certificates=(THUMB,)))
    admission, caller = await admitted(tmp_path, CERTIFIED, desk)

    for _ in range(3):
        await admission.count(caller)

    assert [NOON - timedelta(hours=1)] == desk.forgotten
