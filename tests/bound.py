"""The one place where tests learn how a system's token is bound: to a certificate of its own."""

import base64
import hashlib

from gateway.clock import utc_now
from gateway.demo.fronting import Certificate, self_made

# One for the whole run: a token that was got with it is good with it, in whichever test.
CERTIFICATE = self_made("he-thong-thu", utc_now())
THUMBPRINT = base64.urlsafe_b64encode(hashlib.sha256(CERTIFICATE).digest()).rstrip(b"=").decode()
PEERS = ("127.0.0.0/8", "::1/128")  # who may hand a certificate over: tests are their own proxy
FRONTED = Certificate(CERTIFICATE)
HEADERS = FRONTED.headers("", "", None)


def bearing(token: str) -> dict[str, str]:
    """Return the headers that carry *token*, and show the certificate that it is bound to."""
    return {"Authorization": f"Bearer {token}", **HEADERS}
