"""Routes of sign-on in the OpenAPI document: forms instead of bodies, and how a sign-on may end."""

from dataclasses import dataclass

from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
)

from auth.accounts.csrf import FIELD
from auth.accounts.errors import Barred
from auth.forms import FORM
from auth.signon.refusals import Ending
from gateway.api.operations import OfPeople, problems
from gateway.errors import Code

ENDS = (
    *dict.fromkeys(Code(each.value) for each in (*Ending, *Barred)),
    Code.CSRF_REFUSED,
    Code.VALIDATION_FAILED,
    Code.METHOD_NOT_ALLOWED,
    Code.BODY_TOO_LARGE,
    Code.AUDIT_UNAVAILABLE,
    Code.INTERNAL,
)


def form(*required: str, optional: tuple[str, ...] = ()) -> RequestBody:
    """Return the form of a route, each field a text."""
    names = (*required, *optional)
    texts = {name: Schema(type=OpenAPIType.STRING) for name in names}
    schema = Schema(type=OpenAPIType.OBJECT, properties={**texts}, required=list(required))
    return RequestBody(content={FORM: OpenAPIMediaType(schema=schema)}, required=bool(required))


@dataclass
class OfSignOn(Operation):
    """A route that anybody's browser may open; it answers with a page when HTML is asked for."""

    def __post_init__(self) -> None:
        """Name every way in which a sign-on may end."""
        self.responses = {**(self.responses or {}), **problems(ENDS)}


@dataclass
class OfBegin(OfSignOn):
    """The beginning of a sign-on; too many from one place are refused."""

    def __post_init__(self) -> None:
        """Name that refusal as well."""
        super().__post_init__()
        self.responses = {**(self.responses or {}), **problems((Code.RATE_LIMITED,))}


@dataclass
class OfSignOut(OfSignOn):
    """The end of a session: the token of its pages comes in a header, or in the form."""

    def __post_init__(self) -> None:
        """Name the form."""
        super().__post_init__()
        self.request_body = form(optional=(FIELD,))


@dataclass
class OfBackchannel(OfSignOn):
    """What a provider sends by itself (OpenID Connect Back-Channel Logout 1.0 section 2.5)."""

    def __post_init__(self) -> None:
        """Name the form, and the one way to say no that the specification gives."""
        super().__post_init__()
        self.request_body = form("logout_token")
        schema = Schema(
            type=OpenAPIType.OBJECT,
            properties={"error": Schema(type=OpenAPIType.STRING)},
            required=["error"],
        )
        refused = OpenAPIResponse(
            description="invalid_request",
            content={"application/json": OpenAPIMediaType(schema=schema)},
        )
        self.responses = {**(self.responses or {}), "400": refused}


@dataclass
class OfStepUp(OfPeople):
    """A stronger sign-on of somebody who is there already."""

    def __post_init__(self) -> None:
        """Name the form, and every way in which a sign-on may end."""
        super().__post_init__()
        self.request_body = form(optional=("target", FIELD))
        others = (
            Code.TOKEN_MISSING,
            Code.PERMISSION_MISSING,
            Code.NOT_FOUND,
            Code.RATE_LIMITED,
        )
        self.responses = {**(self.responses or {}), **problems((*ENDS, *others))}
