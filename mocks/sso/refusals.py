"""How the provider says no."""


class Refused(Exception):
    """One refusal in the words of OAuth (RFC 6749 section 5.2, OpenID Connect Core 3.1.2.6)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
