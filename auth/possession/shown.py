"""What came with an access token to show that it is the caller's own; for one request."""


class Shown:
    """Scheme, proof and certificate of one request; nothing of it is believed yet.

    One request may be judged several times on its way, by the form it fills and by each question
    that the form puts, while its proof counts once.  So that it has been admitted stands here, and
    ends with the request.
    """

    __slots__ = ("admitted", "certificate", "dpop", "method", "nonce", "proof", "url")

    def __init__(
        self,
        *,
        method: str,
        url: str,
        dpop: bool = False,
        proof: str | None = None,
        certificate: str | None = None,
    ) -> None:
        """Take down what came.

        Args:
            method: of the request, as it was sent.
            url: of the request, with our external origin; without query.
            dpop: whether the token came under the scheme DPoP (RFC 9449 section 7.1).
            proof: value of the header DPoP; of several the values joined, which prove nothing.
            certificate: `x5t#S256` of the client certificate that a trusted proxy handed over.
        """
        self.method = method
        self.url = url
        self.dpop = dpop
        self.proof = proof
        self.certificate = certificate
        self.admitted: str | None = None  # the token that was admitted with it
        self.nonce: str | None = None  # what the answer tells the caller for its next proof
