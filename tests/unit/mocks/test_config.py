"""Who may call the registers."""

from pathlib import Path

import msgspec
import pytest

from mocks.config import Config, Land, load


def test_without_a_file_the_demo_values_stand() -> None:
    """The contracts document them; adapters' tests use them."""
    config = load(None)

    assert {"land-demo-key": ("H99",)} == config.land.keys
    assert config.population.officers["canbo.thieu"].so_dinh_danh is None
    assert {"1.013225", "1.004222", "2.002913"} < config.population.procedures


def test_a_file_replaces_only_what_it_names(tmp_path: Path) -> None:
    """One register's credentials change without copying the others'."""
    written = tmp_path / "callers.json"
    written.write_text('{"land": {"keys": {"k": ["H99.12"]}}}')

    assert Config(land=Land(keys={"k": ("H99.12",)})) == load(written)


def test_a_misspelt_member_is_refused(tmp_path: Path) -> None:
    """Otherwise the demo credentials would stay in force unseen."""
    written = tmp_path / "callers.json"
    written.write_text('{"land": {"key": {}}}')

    with pytest.raises(msgspec.ValidationError, match="key"):
        load(written)


def test_a_client_of_the_sign_on_has_one_way_to_its_keys(tmp_path: Path) -> None:
    """Without keys it could prove nothing; with two sets nobody knows which counts."""
    written = tmp_path / "sso.json"
    written.write_text('{"sso": {"staff": {"clients": {"a": {"redirect_uris": []}}}}}')

    with pytest.raises(msgspec.ValidationError, match="jwks"):
        load(written)
