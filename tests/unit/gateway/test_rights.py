"""Names of rights: what the statement that records a release is given."""

from auth.principals import Official
from gateway.rights import UNTIL_TAKEN, Right, official_right, system_right, token_right
from gateway.stages.consent import rights_of
from tests.builders import a_principal


def test_what_is_proven_by_signature_stands_until_it_is_taken() -> None:
    """Revision 0 is nobody's: a row of any other owner begins with 1."""
    assert (Right("token:t1", UNTIL_TAKEN), Right("account:u-1", UNTIL_TAKEN)) == (
        token_right("t1"),
        official_right("u-1"),
    )


def test_a_release_rests_on_everybody_who_asks() -> None:
    """The system, its token, and the official behind it when there is one."""
    plain = a_principal()
    acted = a_principal(official=Official(id="u-1", agency="H99.30.01", acr="2"))
    rights = (system_right(plain.client_id, plain.system_rev), token_right(plain.token_id))

    assert rights == rights_of(plain)
    assert (*rights, official_right("u-1")) == rights_of(acted)
