"""The population register: SOAP behind a bus, one officer behind every question.

The register wants number, full name and birth date, and all three must match; it answers
"unknown", "differs" and "not to be shown" alike, and so do we.  It refuses a question without a
national procedure code or an officer's account; both are mapped here, and a missing mapping is
refused before anything is sent.  Source: domain.md 2.2 and the register's WSDL.
"""

import base64
import hashlib
import re

import msgspec
from msgspec import Struct

from adapters.breaker import BreakerState
from adapters.client import QuestionRefused, trace_headers
from adapters.errors import AdapterMisconfigured
from adapters.guard import GuardedClient, Observe, Question
from adapters.population_operations import NAMESPACE, OPERATIONS, SOURCE, Operation, told
from adapters.protocol import Query, Record, SourceAdapter
from adapters.settings import SourceSettings
from adapters.shapes import digits_of, nfc
from adapters.soap import CONTENT_TYPE, envelope

_PATH = "/dancu/1.0"
_NATIONAL_CODE = re.compile(r"[0-9]\.[0-9]{6}")


class PopulationOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """By what names the register knows our people and procedures.

    The settings' `credentials` hold `token` (bearer), `access_key` and `secret_key` (of the bus),
    and the secret of each officer's account under `officer.<account>`.
    """

    app_name: str
    partner_code: str
    partner_code_cus: str
    officers: dict[str, str] = {}  # acting official's stable id -> national account
    agencies: dict[str, str] = {}  # agency code -> account that answers for its systems
    default_officer: str | None = None  # account for everybody else; None: refused
    procedures: dict[str, str] | None = None  # ours -> national; None: ours are national codes
    default_procedure: str | None = None  # for purposes without a procedure; None: refused


class PopulationAdapter:
    """Asks the population register; `SourceAdapter`."""

    name = SOURCE

    def __init__(self, settings: SourceSettings, *, observe: Observe | None = None) -> None:
        self._options = _options(settings)
        self._client = GuardedClient(SOURCE, settings, observe=observe)
        self._officers = _officer_hashes(settings)
        headers = _headers(settings, self._options)
        self._headers = {
            each.name: {**headers, "SOAPAction": f'"{NAMESPACE}/{each.name}"'}
            for each in OPERATIONS.values()
        }

    @property
    def state(self) -> BreakerState:
        """Whether questions go through now."""
        return self._client.state

    @property
    def in_flight(self) -> int:
        """How many questions are under way."""
        return self._client.in_flight

    async def open(self) -> None:
        """Make ready; raise AdapterMisconfigured when an account has no secret."""
        named = {*self._options.officers.values(), *self._options.agencies.values()}
        if self._options.default_officer is not None:
            named.add(self._options.default_officer)
        if named - self._officers.keys():
            raise AdapterMisconfigured(f"{SOURCE}: an officer's account without its secret")
        await self._client.open()

    async def fetch(self, query: Query) -> Record:
        """Answer *query* before its deadline.

        Raises:
            SubjectUnknown: no match, for whatever reason.
            QuestionRefused: a mapping is missing here, or the register does not take ours.
            SourceError: as the client says.
        """
        operation = OPERATIONS.get(query.service)
        if operation is None:
            raise QuestionRefused(SOURCE, "service not offered")
        body = envelope(SOURCE, NAMESPACE, operation.name, self._parts(operation, query))
        return await self._client.ask(
            Question(
                path=_PATH,
                headers=self._headers[operation.name],
                body=body,
                trace=trace_headers(query.exchange_id, query.traceparent),
            ),
            lambda reply: told(reply, operation, query),
            deadline=query.deadline,
        )

    async def aclose(self) -> None:
        """Let go of connections; twice is harmless."""
        await self._client.aclose()

    def _parts(self, operation: Operation, query: Query) -> list[tuple[str, str]]:
        account = self._account(query)
        return [
            ("MaYeuCau", query.exchange_id),
            ("MaDVC", self._procedure(query)),
            ("MaTichHop", operation.code),
            ("MaCanBo", account),
            ("MaBamCanBo", self._officers[account]),
            *_person(query),
            *operation.more(query),
        ]

    def _account(self, query: Query) -> str:
        """Return the acting official's account, else the agency's, else the default one."""
        options = self._options
        account = options.officers.get(query.official) if query.official else None
        account = account or options.agencies.get(query.agency) or options.default_officer
        if account is None:
            raise QuestionRefused(SOURCE, "mapping missing: officer")
        return account

    def _procedure(self, query: Query) -> str:
        options = self._options
        if query.procedure is None or options.procedures is None:
            national = query.procedure or options.default_procedure
        else:
            national = options.procedures.get(query.procedure)
        if national is None or not _NATIONAL_CODE.fullmatch(national):
            raise QuestionRefused(SOURCE, "mapping missing: procedure")
        return national


def _person(query: Query) -> list[tuple[str, str]]:
    subject = query.subject
    if not subject.ho_ten or subject.ngay_sinh is None:
        raise QuestionRefused(SOURCE, "question without name or birth date")
    if subject.so_dinh_danh is not None:
        number = ("SoDinhDanh", subject.so_dinh_danh)
    elif subject.so_cmnd is not None:
        number = ("SoCMND", subject.so_cmnd)
    else:
        raise QuestionRefused(SOURCE, "question without a number")
    day = digits_of(SOURCE, subject.ngay_sinh)
    return [number, ("HoVaTen", nfc(subject.ho_ten).upper()), ("NgayThangNamSinh", day)]


def _options(settings: SourceSettings) -> PopulationOptions:
    try:
        return msgspec.convert(dict(settings.options), PopulationOptions)
    except msgspec.ValidationError as odd:
        raise AdapterMisconfigured(f"{SOURCE}: options: {odd}") from None


def _officer_hashes(settings: SourceSettings) -> dict[str, str]:
    """Return the hash that stands for each officer: SHA-256 of "account:secret", hex."""
    prefix = "officer."
    return {
        name.removeprefix(prefix): hashlib.sha256(
            f"{name.removeprefix(prefix)}:{secret.get_secret_value()}".encode()
        ).hexdigest()
        for name, secret in settings.credentials.items()
        if name.startswith(prefix)
    }


def _headers(settings: SourceSettings, options: PopulationOptions) -> dict[str, str]:
    secrets = settings.credentials
    if missing := {"token", "access_key", "secret_key"} - secrets.keys():
        raise AdapterMisconfigured(f"{SOURCE}: credentials missing: {', '.join(sorted(missing))}")
    partner = {
        "AccessKey": secrets["access_key"].get_secret_value(),
        "SecretKey": secrets["secret_key"].get_secret_value(),
        "AppName": options.app_name,
        "PartnerCode": options.partner_code,
        "PartnerCodeCus": options.partner_code_cus,
    }
    return {
        "Content-Type": "text/xml; charset=utf-8",
        "Accept": CONTENT_TYPE,
        "Authorization": f"Bearer {secrets['token'].get_secret_value()}",
        "lgspaccesstoken": base64.b64encode(msgspec.json.encode(partner)).decode(),
    }


_: type[SourceAdapter] = PopulationAdapter
