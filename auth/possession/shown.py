"""What came with an access token to show that it is the caller's own; for one request."""

from msgspec import Struct


class Shown(Struct, kw_only=True, eq=False):
    """Scheme, proof and certificate of one request; nothing of it is believed yet.

    One request may be judged several times on its way, by the form it fills and by each question
    that the form puts, while its proof counts once.  So that it has been admitted stands here, and
    ends with the request.
    """

    method: str  # as it was sent
    url: str  # with our external origin; without query
    dpop: bool = False  # whether the token came under the scheme DPoP (RFC 9449 section 7.1)
    proof: str | None = None  # value of the header DPoP; several are joined, and prove nothing
    certificate: str | None = None  # `x5t#S256` of what a trusted proxy handed over
    admitted: str | None = None  # the token that was admitted with it
    origin: str = ""  # address of the caller, past our own proxies; empty when nobody knows it
    nonce: str | None = None  # what the answer tells the caller for its next proof

    def __repr__(self) -> str:
        """Tell nothing: a token or a proof in a log line is one too many."""
        return "Shown()"
