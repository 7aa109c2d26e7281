"""Finds connectors by entry point, group `motlan.adapters`; ours come through the same door."""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, cast

from adapters.errors import AdapterMisconfigured
from adapters.guard import Observe
from adapters.protocol import SourceAdapter
from adapters.settings import SourceSettings

GROUP = "motlan.adapters"


class AdapterClass(Protocol):
    """How a connector is made: without side effect, from its settings."""

    def __call__(
        self, settings: SourceSettings, *, observe: Observe | None = None
    ) -> SourceAdapter:
        """Return a connector that is not open yet; raise AdapterMisconfigured otherwise."""
        ...


def load(
    names: Iterable[str],
    settings: Mapping[str, SourceSettings],
    *,
    observe: Observe | None = None,
) -> dict[str, SourceAdapter]:
    """Return one connector for each of *names*, made and not opened.

    Args:
        names: sources that the published catalog names; each once.
        settings: by source name; those of other sources are left alone.
        observe: told of every call: source, outcome code or "ok" or "cancelled", seconds.

    Raises:
        AdapterMisconfigured: no connector or no settings by that name, two connectors that claim
            it, or settings it cannot work with.
    """
    offered = entry_points(group=GROUP)
    made: dict[str, SourceAdapter] = {}
    for name in sorted(set(names)):
        if name not in settings:
            raise AdapterMisconfigured(f"{name}: no settings for this source")
        make = _loaded(name, tuple(offered.select(name=name)))
        made[name] = make(settings[name], observe=observe)
    return made


def _loaded(name: str, points: tuple[EntryPoint, ...]) -> AdapterClass:
    targets = {point.value for point in points}
    if len(targets) != 1:
        fact = "no connector is installed" if not targets else "two connectors claim this source"
        raise AdapterMisconfigured(f"{name}: {fact}")
    try:
        return cast("AdapterClass", points[0].load())
    except (ImportError, AttributeError) as broken:
        raise AdapterMisconfigured(f"{name}: connector cannot be loaded") from broken
