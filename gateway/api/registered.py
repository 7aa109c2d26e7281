"""Systems over the wire: what people send about them, and what they are told."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from auth.approvals.asked import Request, Wanted
from auth.credentials import members
from auth.credentials.environments import environment_of
from auth.credentials.expiring import Ending, endings
from auth.credentials.keysets import KeySet
from auth.credentials.members import MemberRefused
from auth.credentials.uses import NEVER, Use
from auth.errors import KeyRefused, SystemBlocked, SystemUnknown
from auth.systems import Credentials, Registration, System
from gateway.errors import Code, Refusal
from gateway.problems import field_error

Name = Annotated[str, Meta(min_length=1, max_length=members.LONGEST_NAME)]
Reason = Annotated[str, Meta(min_length=3, max_length=1_000)]
Key = Annotated[Mapping[str, str], Meta(max_length=12)]
_TEXTS: Mapping[str, str] = {
    "key_refused": "Khoá không được chấp nhận.",
    "not_a_range": "Dải địa chỉ phải có dạng 10.1.0.0/16.",
    "not_a_thumbprint": "x5t#S256 là SHA-256 của chứng thư, 43 ký tự base64url.",
    "not_an_instant": "Thời điểm có dạng 2027-06-30T17:00:00Z.",
    "not_a_key_address": "Địa chỉ khoá phải là https, không có tài khoản, truy vấn hay mảnh.",
}
SHORTEST = 2  # characters of a text
_has_number = re.compile(r"[0-9]{9}").search
_UNKNOWN_VI = "Thành phần thiếu, thừa hoặc sai dạng."


class KeyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One public key and, when it shall end, its last instant."""

    jwk: Key
    expires_at: Annotated[str, Meta(max_length=40)] | None = None


class CertificateBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One client certificate by its thumbprint (RFC 8705 section 3.1), and its last instant."""

    x5t_s256: Annotated[str, Meta(max_length=64)]
    expires_at: Annotated[str, Meta(max_length=40)] | None = None


class RegistrationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agency says about one system of its own, and why it says so now."""

    agency: Annotated[str, Meta(max_length=35)]
    name_vi: Name
    name_en: Name
    reason: Reason
    keys: Annotated[tuple[KeyBody, ...], Meta(max_length=4)] = ()
    jwks_uri: Annotated[str, Meta(max_length=members.LONGEST_URL)] | None = None
    certificates: Annotated[tuple[CertificateBody, ...], Meta(max_length=4)] = ()
    sandbox: bool = False
    address_ranges: Annotated[
        tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=members.MOST_RANGES)
    ] = ()


class RotationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Credentials to add; those that they stand in for end after the overlap."""

    reason: Reason
    keys: Annotated[tuple[KeyBody, ...], Meta(max_length=4)] = ()
    certificates: Annotated[tuple[CertificateBody, ...], Meta(max_length=4)] = ()
    overlap_s: Annotated[int, Meta(ge=0, le=7_776_000)] = 604_800  # a week; at most 90 days


class RevocationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which credential is taken away: the key's id, or the certificate's thumbprint."""

    credential: Annotated[str, Meta(min_length=1, max_length=128)]
    reason: Reason


class ReasonBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class DecisionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the second person decides."""

    approve: bool
    reason: Reason


class CredentialTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key or certificate without its content."""

    kind: str  # key | certificate
    id: str
    algorithm: str | None = None
    expires_at: datetime | None = None
    state: str = "good"  # good | ending | ended
    days_left: int | None = None


class PublishedTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was read at the agency's address."""

    url: str
    fetched_at: datetime | None = None
    fault: str | None = None


class SystemTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a system, as those see it who may."""

    client_id: str
    agency: str
    name_vi: str
    name_en: str
    environment: str  # test | live
    state: str
    version: int
    act: str
    by: str
    at: datetime
    reason: str
    approved_by: str | None = None
    credentials: tuple[CredentialTold, ...] = ()
    address_ranges: tuple[str, ...] = ()
    published: PublishedTold | None = None
    last_token_at: datetime | None = None
    last_exchange_day: date | None = None


class SystemShown(Struct, frozen=True, kw_only=True):
    """A system as it stands, and every version of it, oldest first."""

    system: SystemTold
    history: tuple[SystemTold, ...]


class SystemsListed(Struct, frozen=True, kw_only=True):
    """One page of systems, by client id."""

    items: tuple[SystemTold, ...]
    next_cursor: str | None


class RequestTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody asked for, and what became of it."""

    id: str
    client_id: str
    agency: str
    base_version: int
    wanted: Wanted
    asked_by: str
    asked_at: datetime
    reason: str
    state: str
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision: str | None = None


class RequestsListed(Struct, frozen=True, kw_only=True):
    """One page of requests, newest first."""

    items: tuple[RequestTold, ...]
    next_cursor: str | None


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an act: done, or asked for, when a second person has to agree."""

    changed: bool
    system: SystemTold | None = None
    request: RequestTold | None = None


def words(pointer: str, said: str) -> str:
    """Return a text of a person without the space around it.

    Raises:
        Refusal: VALIDATION_FAILED, it says nothing, holds what cannot be seen, or nine digits in a
            row, which may be a person's number (promise P6).
    """
    text = said.strip()
    if len(text) < SHORTEST or not text.isprintable() or _has_number(text):
        vi = "Viết ít nhất 2 ký tự, không có ký tự ẩn và không có dãy chín chữ số."
        en = "At least 2 characters, none hidden, and no nine digits in a row."
        raise _wrong(pointer, "text", vi, en)
    return text


def registration(client_id: str, body: RegistrationBody) -> Registration:
    """Return what *body* says, each member in its one form.

    Raises:
        Refusal: VALIDATION_FAILED with the place.
    """
    if members.is_client_id(client_id) is None:
        raise _wrong("/client_id", "format", _UNKNOWN_VI, "not a client id")
    if members.is_agency(body.agency) is None:
        raise _wrong("/agency", "format", _UNKNOWN_VI, "not an agency code")
    said = credentials(body.keys, body.certificates)
    with _place("/jwks_uri"):
        uri = None if body.jwks_uri is None else members.key_address(body.jwks_uri)
    with _place("/address_ranges"):
        ranges = tuple(map(members.address_range, body.address_ranges))
    return Registration(
        client_id=client_id,
        agency=body.agency,
        name_vi=words("/name_vi", body.name_vi),
        name_en=words("/name_en", body.name_en),
        jwks=said.jwks,
        sandbox=body.sandbox,
        address_ranges=ranges,
        jwks_uri=uri,
        certificates=said.certificates,
        ends=said.ends,
    )


def credentials(
    keys: tuple[KeyBody, ...], certificates: tuple[CertificateBody, ...]
) -> Credentials:
    """Return keys and certificates, each in its one form.

    Raises:
        Refusal: VALIDATION_FAILED with the place.
    """
    ends: dict[str, datetime] = {}
    with _place("/keys"):
        jwks = tuple(members.jwk(each.jwk) for each in keys)
        for each, jwk in zip(keys, jwks, strict=True):
            if each.expires_at is not None:
                ends[jwk["kid"]] = members.instant(each.expires_at)
    with _place("/certificates"):
        thumbprints = tuple(members.thumbprint(each.x5t_s256) for each in certificates)
        for each, thumbprint in zip(certificates, thumbprints, strict=True):
            if each.expires_at is not None:
                ends[thumbprint] = members.instant(each.expires_at)
    return Credentials(jwks=jwks, certificates=thumbprints, ends=ends)


@contextmanager
def refusing() -> Generator[None]:
    """Turn what registrations raise into problems of these routes."""
    try:
        yield
    except SystemUnknown:
        raise Refusal(Code.NOT_FOUND) from None
    except SystemBlocked:
        raise Refusal(Code.MOVE_REFUSED) from None
    except KeyRefused as refused:
        raise _wrong("/keys", "key_refused", _TEXTS["key_refused"], refused.fact) from None


def told(
    system: System, now: datetime, *, keys: KeySet | None = None, use: Use = NEVER
) -> SystemTold:
    """Return one version of a system, without the content of its keys."""
    said = system.registration
    published = None
    if said.jwks_uri is not None:
        read = keys if keys is not None and keys.url == said.jwks_uri else None
        published = PublishedTold(
            url=said.jwks_uri,
            fetched_at=read.fetched_at if read else None,
            fault=read.fault if read else None,
        )
    return SystemTold(
        client_id=said.client_id,
        agency=said.agency,
        name_vi=said.name_vi,
        name_en=said.name_en,
        environment=environment_of(sandbox=said.sandbox).value,
        state=system.state.value,
        version=system.version,
        act=system.act.value,
        by=system.note.by,
        at=system.note.at,
        reason=system.note.reason,
        approved_by=system.note.approved_by,
        credentials=tuple(_credential(each) for each in endings(said, now)),
        address_ranges=said.address_ranges,
        published=published,
        last_token_at=use.token_at,
        last_exchange_day=use.exchange_day,
    )


def request_told(request: Request) -> RequestTold:
    """Return a request as those see it who may."""
    how = request.decided
    return RequestTold(
        id=request.id,
        client_id=request.client_id,
        agency=request.agency,
        base_version=request.base,
        wanted=request.wanted,
        asked_by=request.asked_by,
        asked_at=request.asked_at,
        reason=request.reason,
        state=request.state.value,
        decided_by=how.by if how else None,
        decided_at=how.at if how else None,
        decision=how.reason if how else None,
    )


def _credential(ending: Ending) -> CredentialTold:
    return CredentialTold(
        kind=ending.kind.value,
        id=ending.name,
        algorithm=ending.algorithm,
        expires_at=ending.at,
        state=ending.state.value,
        days_left=ending.days_left,
    )


@contextmanager
def _place(pointer: str) -> Generator[None]:
    try:
        yield
    except MemberRefused as refused:
        vi = _TEXTS.get(refused.word, _UNKNOWN_VI)
        raise _wrong(pointer, refused.word, vi, refused.fact) from None


def _wrong(pointer: str, code: str, vi: str, en: str) -> Refusal:
    return Refusal(Code.VALIDATION_FAILED, errors=[field_error(pointer, code, vi, en)])
