"""Signed messages at the edge: what a caller signed, and our signature under the answer."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from auth.jose import SigningKey
from auth.signatures.messages import Asking
from auth.signatures.signing import signed_answer
from gateway.api.wire import Headers
from gateway.clock import Clock
from gateway.stages.presented import Presented

Signs: TypeAlias = Callable[[Presented | None, int, bytes], Headers]


def unsigned(request: Presented | None, status: int, body: bytes) -> Headers:
    """Sign nothing."""
    del request, status, body
    return []


def presented(
    headers: Mapping[bytes, bytes], *, method: str, url: str, body: bytes
) -> Presented | None:
    """Return the request as it was signed, None when it carries no signature.

    Args:
        headers: by lower-case name.
        method: as sent.
        url: what the caller must have written: our external origin and the path.
        body: as it came.
    """
    if b"signature-input" not in headers and b"signature" not in headers:
        return None
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    return Presented(Asking(method=method, url=url, headers=named, body=body))


def signer(key: Callable[[], SigningKey], clock: Clock) -> Signs:
    """Return what signs an answer where the agreement of a proven signature wants it.

    Args:
        key: the gateway's signing key of this moment.
        clock: the present instant.
    """

    def sign(request: Presented | None, status: int, body: bytes) -> Headers:
        if request is None or request.proven is None or not request.wants_answer:
            return []
        label = request.proven.evidence.label
        now = clock().timestamp()
        made = signed_answer(request.asking, label, status, body, key=key(), now=now)
        return [(name.encode("ascii"), value.encode("ascii")) for name, value in made.items()]

    return sign
