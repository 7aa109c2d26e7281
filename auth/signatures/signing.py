"""Signs messages (RFC 9421): an answer with the question that it answers, and a question itself."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportPrivateImportUsage=false

from datetime import UTC, datetime

from http_message_signatures import HTTPMessageSigner

from auth.jose import SigningKey
from auth.signatures.messages import (
    ALGORITHMS,
    COVERED,
    PROOF,
    REQUEST_TAG,
    RESPONSE_TAG,
    Answering,
    Asking,
    Keys,
)

LABEL = "motlan"
_ASKED = ('"@method";req', '"@target-uri";req', '"content-digest";req')


def signed_request(asking: Asking, key: SigningKey, now: float) -> dict[str, str]:
    """Return the headers that sign a request, as every agreement that demands it is content with.

    Args:
        asking: the request with every other header that it will carry.
        key: the system's own; its public half is registered under the same id.
        now: Unix seconds.
    """
    headers = dict(asking.headers)
    covered = [name for name in (*COVERED, PROOF) if name[0] == "@" or name in headers]
    asked = Asking(method=asking.method, url=asking.url, headers=headers)
    _signed(asked, key, now, tag=REQUEST_TAG, covered=tuple(covered), body=asking.body)
    return {name.lower(): headers[name] for name in headers.keys() - asking.headers.keys()}


def signed_answer(
    asking: Asking, label: str, status: int, body: bytes, *, key: SigningKey, now: float
) -> dict[str, str]:
    """Return the headers that sign an answer.

    The signature covers status and body of the answer, and method, address, digest and signature
    of the request: nobody can put the answer under another question.

    Args:
        asking: the signed request, as it came.
        label: of its signature.
        status: HTTP status of the answer.
        body: as it will be sent.
        key: of the gateway; its public half is in the published key set.
        now: Unix seconds.
    """
    headers: dict[str, str] = {}
    covered = ('"@status"', '"content-digest"', *_ASKED, f'"signature";req;key="{label}"')
    answering = Answering(status_code=status, headers=headers, request=asking)
    _signed(answering, key, now, tag=RESPONSE_TAG, covered=covered, body=body)
    return {name.lower(): value for name, value in headers.items()}


def _signed(
    message: Asking | Answering,
    key: SigningKey,
    now: float,
    *,
    tag: str,
    covered: tuple[str, ...],
    body: bytes,
) -> None:
    """Put digest and signature into the message's headers."""
    signer = HTTPMessageSigner(
        signature_algorithm=ALGORITHMS[key.native.key_type], key_resolver=Keys(signing=key)
    )
    signer.sign(
        message,
        key_id=key.kid,
        created=datetime.fromtimestamp(now, UTC),
        label=LABEL,
        tag=tag,
        include_alg=False,
        covered_component_ids=covered,
        body=body,
    )
