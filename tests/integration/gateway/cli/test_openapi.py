"""Tests of `motlan openapi`."""

from pathlib import Path

import msgspec

from tests.command_line import answer


def test_the_description_needs_nothing_that_runs(tmp_path: Path) -> None:
    """The documentation is built without a database."""
    env = {"MOTLAN_DATABASE__DIRECTORY": str(tmp_path / "none")}
    printed = answer("openapi", "export", env=env)
    file = answer("openapi", "export", "--output", str(tmp_path / "api.json"), env=env)["file"]

    assert printed["openapi"].startswith("3.1")
    assert printed == msgspec.json.decode(Path(file).read_bytes())
    assert not (tmp_path / "none").exists()
