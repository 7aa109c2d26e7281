"""Signs an answer, and with it the question that it answers (RFC 9421 section 2.4)."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportPrivateImportUsage=false

from datetime import UTC, datetime

from http_message_signatures import HTTPMessageSigner

from auth.jose import SigningKey
from auth.signatures.messages import ALGORITHMS, RESPONSE_TAG, Answering, Asking, Keys

LABEL = "motlan"
FIELDS = ("content-digest", "signature-input", "signature")
_ASKED = ('"@method";req', '"@target-uri";req', '"content-digest";req')


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
    answering = Answering(status_code=status, headers={}, request=asking)
    signer = HTTPMessageSigner(
        signature_algorithm=ALGORITHMS[key.native.key_type], key_resolver=Keys(signing=key)
    )
    signer.sign(
        answering,
        key_id=key.kid,
        created=datetime.fromtimestamp(now, UTC),
        label=LABEL,
        tag=RESPONSE_TAG,
        include_alg=False,
        covered_component_ids=(
            '"@status"',
            '"content-digest"',
            *_ASKED,
            f'"signature";req;key="{label}"',
        ),
        body=body,
    )
    return {name.lower(): value for name, value in answering.headers.items()}
