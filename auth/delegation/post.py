"""A request to the token endpoint or one of its neighbours, as it came over the wire."""

import msgspec


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler took off a request; nothing of it is believed yet."""

    body: bytes
    content_type: str
    authorization: str | None = None
    address: str | None = None  # IP address of the client; None when it is not known
    proof: str | None = None  # the header DPoP; several joined, which prove nothing
    # `x5t#S256` of the client certificate that a trusted peer handed over (RFC 9440), else None.
    certificate: str | None = None
