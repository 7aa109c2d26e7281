"""The web framework without what we have no use for, and what it would load all the same."""

from litestar import Litestar
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin


class Framework(Litestar):
    """An application whose values are all of one kind, msgspec's."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        """Return *plugins* and the one that we need.

        The others are for models of pydantic and attrs, wherever those are installed; to tell
        pydantic's models apart they load its first version beside the second: 2 MiB a worker.
        """
        return [*plugins, MsgspecDIPlugin()]
