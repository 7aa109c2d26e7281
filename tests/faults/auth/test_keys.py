"""Keys change under load, and nobody is refused for it (fault 22)."""

from datetime import timedelta
from pathlib import Path
from time import monotonic, time

from auth.keys import SigningKeyRing
from auth.tokens import Verifier
from gateway.clock import utc_now
from tests.oauth_servers import an_application, ask, register, serving
from tests.party_builders import CLIENT, ISSUER, a_system

SECONDS = 4


async def test_rotating_as_fast_as_one_can_refuses_nobody(
    database_url: str, tmp_path: Path
) -> None:
    """Two workers sign, a third verifies, the command rotates at once, over and over."""
    await register(database_url, a_system())
    keys = tmp_path / "keys"
    command = SigningKeyRing(keys, keep=timedelta(seconds=420))
    verifier = Verifier(
        SigningKeyRing(keys, keep=timedelta(seconds=420)), issuer=ISSUER, audience=ISSUER
    )
    tokens: list[str] = []
    with (
        serving(an_application(database_url, keys)) as one,
        serving(an_application(database_url, keys)) as two,
    ):
        end = monotonic() + SECONDS
        while monotonic() < end:
            command.rotate(utc_now(), lead=timedelta())
            tokens += [(await ask(base)).json()["access_token"] for base in (one, two)]

    asked = {verifier.verify(token, time()).client_id for token in tokens}

    assert {CLIENT} == asked
    assert len(command.lines(utc_now())) > SECONDS
