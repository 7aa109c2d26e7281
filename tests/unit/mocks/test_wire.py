"""What passes between the socket and a register."""

import base64

import pytest

from mocks.wire import Running, basic


def encoded(text: bytes) -> dict[str, str]:
    """Return a Basic header around *text*."""
    return {"authorization": f"Basic {base64.b64encode(text).decode()}"}


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        pytest.param(encoded(b"u:p"), ("u", "p"), id="user and password"),
        pytest.param(encoded(b"u:p:q"), ("u", "p:q"), id="a colon in the password"),
        pytest.param(encoded(b"u"), None, id="no colon"),
        pytest.param(encoded(b"\xff:p"), None, id="no text"),
        pytest.param({"authorization": "Basic %%%"}, None, id="no base64"),
        pytest.param({"authorization": "Bearer x"}, None, id="another scheme"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_basic_credentials_are_read_or_are_not_there(
    headers: dict[str, str], found: tuple[str, str] | None
) -> None:
    """A header that cannot be read is a refusal, not a crash."""
    assert found == basic(headers)


def test_answers_are_numbered_without_gaps() -> None:
    """The upstream number is how two logs are joined."""
    running = Running("dd")

    assert ["dd-000000000001", "dd-000000000002"] == [running.next(), running.next()]
