"""The demo's gateway is configured by a file that an operator could have written."""

from pathlib import Path

import pytest

from gateway.demo.configuration import Places, configuration
from gateway.settings import ConfigurationError, Settings, load

REGISTERS = {
    "population": "http://127.0.0.1:9101",
    "land": "http://127.0.0.1:9102",
    "insurance": "http://127.0.0.1:9103",
    "civil": "http://127.0.0.1:9104",
}


def read(folder: Path, environment: str = "demo") -> Settings:
    """Return the settings that the written file gives."""
    places = Places(
        keys=folder / "keys",
        dsn="postgresql://motlan@127.0.0.1:5432/motlan",
        gateway="http://127.0.0.1:8123",
        admin="http://127.0.0.1:8223",
        sign_on="http://127.0.0.1:9105",
        certificate_peers=("127.0.0.0/8",),
        management="http://127.0.0.1:9123",
        keeper="http://127.0.0.1:9180",
        registers=REGISTERS,
        policy=folder / "policy",
        workers=3,
    )
    file = folder / "motlan.toml"
    text = configuration(places).replace('"demo"', f'"{environment}"', 1)
    file.write_text(text, encoding="utf-8")
    return load(environ={"MOTLAN_CONFIG": str(file)})


def test_the_file_says_where_the_parts_are(tmp_path: Path) -> None:
    """A gateway that looks elsewhere would tell another story."""
    settings = read(tmp_path)

    assert (8123, 3, 9123) == (
        settings.listen.port,
        settings.listen.workers,
        settings.management.port,
    )
    assert REGISTERS == {name: source.base_url for name, source in settings.sources.items()}
    assert ("127.0.0.0/8",) == settings.identity.certificate_peers
    assert {
        "can-bo": "http://127.0.0.1:9105/realms/staff",
        "cong-dan": "http://127.0.0.1:9105/realms/citizens",
    } == {code: provider.issuer for code, provider in settings.sign_on.providers.items()}


def test_production_refuses_the_demos_file(tmp_path: Path) -> None:
    """Its secrets are public, so nobody may go live with it by mistake."""
    with pytest.raises(ConfigurationError, match="production refuses"):
        read(tmp_path, "production")
