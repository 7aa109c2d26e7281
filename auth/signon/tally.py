"""How sign-ons end in this process: counted by closed words, never by person."""

from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from auth.signon.refusals import Ending, SignOnRefused

BEGUN, SIGNED_ON, LOGGED_OUT = "begun", "signed_on", "logged_out"


class Tally:
    """Counts how visits end, and knows which providers left the last one without an answer.

    Args:
        providers: their codes; a code that a browser made up is counted under none.
    """

    def __init__(self, providers: Iterable[str]) -> None:
        self._endings: Counter[str] = Counter()
        self._away = dict.fromkeys(providers, 0)

    def endings(self) -> dict[str, float]:
        """Return how often visits ended how, by `Ending`, or by what they reached."""
        return {word: float(count) for word, count in self._endings.items()}

    def away(self) -> dict[str, float]:
        """Return 1 for each provider that did not answer the last question, else 0."""
        return {code: float(state) for code, state in self._away.items()}

    @contextmanager
    def visit(self, provider: str, reached: str) -> Generator[None]:
        """Count what is tried in the block at *provider*, as *reached* when it does not fail."""
        try:
            yield
        except SignOnRefused as refused:
            self._endings[refused.ending.value] += 1
            if refused.ending is Ending.PROVIDER_UNAVAILABLE:
                self._note(provider, 1)
            raise
        self._endings[reached] += 1
        self._note(provider, 0)

    def _note(self, provider: str, state: int) -> None:
        if provider in self._away:
            self._away[provider] = state
