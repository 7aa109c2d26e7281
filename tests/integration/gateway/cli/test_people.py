"""`motlan people`: invented people, in a demonstration only."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auth.people import Role
from auth.settings import IdentitySettings
from auth.stand_in import verifier
from gateway.cli.commands import main
from gateway.clock import utc_now

NUMBER = "003190000123"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Give a folder for keys."""
    return tmp_path / "signing"


def token(keys: Path, *arguments: str, said: str = "", environment: str = "demo") -> Result:
    """Ask for one token."""
    env = {"MOTLAN_IDENTITY__KEYS_DIR": str(keys), "MOTLAN_ENVIRONMENT": environment}
    return CliRunner().invoke(main, ["people", "token", *arguments], env=env, input=said)


def test_a_token_is_good_at_the_gateway_of_the_same_settings(keys: Path) -> None:
    """Key and audience are those of the settings."""
    made = token(keys, "--role", "auditor", "--id", "kt-07", "--agency", "H99.01")
    people = verifier(IdentitySettings(keys_dir=keys), utc_now, demo=True)
    person = people.verify(made.stdout.strip())

    assert ("kt-07", "H99.01", {Role.AUDITOR}) == (person.id, person.agency, person.roles)


def test_a_citizens_number_comes_by_standard_input(keys: Path) -> None:
    """On the command line the whole machine would see it."""
    made = token(keys, "--role", "citizen", said=f"{NUMBER}\n")
    people = verifier(IdentitySettings(keys_dir=keys), utc_now, demo=True)

    assert people.verify(made.stdout.strip()).so_dinh_danh == NUMBER


@pytest.mark.parametrize(
    ("arguments", "said", "environment"),
    [
        pytest.param(
            ("--role", "citizen"), NUMBER.replace("003", "001", 1), "demo", id="somebody real"
        ),
        pytest.param(("--role", "citizen"), "", "demo", id="a citizen without number"),
        pytest.param(("--role", "auditor", "--role", "operator"), "", "demo", id="both sides"),
        pytest.param(("--role", "auditor"), "", "sandbox", id="not a demonstration"),
    ],
)
def test_what_must_not_be_invented_is_refused(
    keys: Path, arguments: tuple[str, ...], said: str, environment: str
) -> None:
    """It ends with the code of a refusal, and repeats no number."""
    refused = token(keys, *arguments, said=said, environment=environment)

    assert refused.exit_code == 6
    assert not said or said not in refused.output
