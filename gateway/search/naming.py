"""From identifiers to the pseudonyms that records may hold: one for each key epoch that lives."""

from gateway.audit.keyring import KeyDestroyed, Keyring, KeyState
from gateway.audit.pseudonyms import LONG_LIVED, PURPOSES, Pseudonyms, Scheme

MOST_EPOCHS = 8  # years that the record can be searched over, and some


class Naming:
    """Derives pseudonyms for searches; makes no key, and forgets what it was given."""

    def __init__(self, ring: Keyring, pseudonyms: Pseudonyms) -> None:
        self._ring = ring
        self._pseudonyms = pseudonyms

    def keyed(self, scheme: Scheme, identifier: str) -> tuple[str, ...]:
        """Return the pseudonyms of *identifier*, newest epoch first; none for a lost epoch.

        Raises:
            ValueError: the identifier is empty.
            KeyringUnsafe: the ring cannot be trusted.
        """
        found: list[str] = []
        for epoch in self._epochs(scheme):
            try:
                found.append(self._pseudonyms.of(scheme, identifier, epoch))
            except KeyDestroyed:
                continue  # between the list and the look
        return tuple(found)

    def _epochs(self, scheme: Scheme) -> list[str]:
        infos = self._ring.keys()
        living = (
            info.epoch
            for info in infos
            if info.purpose is PURPOSES[scheme] and info.state is KeyState.ACTIVE
        )
        return sorted((each for each in living if each != LONG_LIVED), reverse=True)[:MOST_EPOCHS]
