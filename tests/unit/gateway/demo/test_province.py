"""Keys of the demo's systems."""

from pathlib import Path

from gateway.demo.province import _kept_key


def test_a_systems_key_is_made_once_and_lies_there_for_openssl_too(tmp_path: Path) -> None:
    """A demo of an older release has no file for openssl yet; the key stays what it was."""
    place = tmp_path / "motcua-xa.json"
    first = _kept_key(place)
    place.with_suffix(".pem").unlink()

    again = _kept_key(place)

    assert first == again
    assert {0o600} == {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
    assert {"motcua-xa.json", "motcua-xa.pem"} == {each.name for each in tmp_path.iterdir()}
