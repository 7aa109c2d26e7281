"""What came with a token stays out of words."""

from auth.possession.shown import Shown


def test_what_was_shown_is_not_told() -> None:
    """A token or a proof in a log line is good in anybody's hands who reads it."""
    shown = Shown(method="POST", url="https://lgsp.example/v1", proof="proof", certificate="thumb")
    shown.admitted, shown.nonce = "token", "nonce"

    assert "Shown()" == repr(shown)
