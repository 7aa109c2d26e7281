"""Commands that change files tell the record first, and are not stopped by its absence."""

from pathlib import Path

from gateway.audit.events import Event
from gateway.cli.owing import announce, confirm
from gateway.settings import Settings, load
from tests.audit_rows import connected
from tests.conftest import in_a_loop

DUE = "SELECT event, code, by, via FROM audit.change_due ORDER BY id"


def the_settings(url: str, folder: Path) -> Settings:
    """Return settings with a database at *url* and key rings in *folder*."""
    keys = {"keys_dir": folder / "signing"}
    audit = {"keys_dir": folder / "pseudonyms"}
    tree = {"keys_dir": folder / "log"}
    return load({"database": {"url": url}, "identity": keys, "audit": audit, "tree": tree}, {})


def test_an_act_is_owed_with_the_name_of_who_acts(database_url: str, tmp_path: Path) -> None:
    """The intention first; nothing differs afterwards, so nothing more is said."""
    settings = the_settings(database_url, tmp_path)

    async def due() -> list[tuple[object, ...]]:
        async with connected(database_url) as owner:
            return [tuple(row) for row in await owner.fetch(DUE)]

    assert announce(settings, Event.KEY_ROTATE, "node-1/signing", "truc-1")
    assert confirm(settings, "truc-1")
    assert [("key.rotate", "node-1/signing", "truc-1", "motlan:keys")] == in_a_loop(due)


def test_a_database_that_is_away_or_not_migrated_is_said_so(
    empty_database_url: str, tmp_path: Path
) -> None:
    """The command goes on and says that the record does not have the name."""
    for url in ("postgresql://nobody@127.0.0.1:1/none", empty_database_url):
        assert not announce(the_settings(url, tmp_path), Event.KEY_REVOKE, "node-1/x", "truc-1")
