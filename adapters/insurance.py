"""The insurance fund: a token first, then JSON in an envelope that hides "nothing found" in 200.

One token serves all questions until shortly before it ends; a question refused with 401 is put
once more with a fresh one.  Source: domain.md 2.3 and the fund's OpenAPI document.
"""

import asyncio
import base64
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from adapters import insurance_answers as said
from adapters.breaker import BreakerState
from adapters.client import JSON, QuestionRefused, SourceReply, json_reader, trace_headers
from adapters.errors import (
    AdapterMisconfigured,
    SourceSchemaMismatch,
    SourceTimeout,
    SubjectUnknown,
)
from adapters.guard import GuardedClient, Observe, Question
from adapters.protocol import Json, Query, Record, SourceAdapter
from adapters.settings import SourceSettings
from adapters.shapes import demand_same, digits_of, nfc, record

SOURCE = "insurance"

_EARLY_S = 15.0  # a token this close to its end is not used any more
_TOKEN_REFUSED = HTTPStatus.UNAUTHORIZED.value
_SHORTEST_S = 1.0  # the least that a fresh token is used, whatever the fund says
_KIND_OF_DAY = {8: 0, 6: 1, 4: 2}  # digits -> loaiNgaySinh

About = TypeVar("About", bound=said.Person)
Reader: TypeAlias = Callable[[SourceReply], said.Envelope[About]]

_TOKEN_TEXT = re.compile(r"[!-~]{1,4096}")  # RFC 6750 section 2.1, and no line break


class Token(Struct, frozen=True):
    """What `POST /token` answers, RFC 6749 section 5.1."""

    access_token: str
    token_type: str
    expires_in: int


_TOKEN = json_reader(SOURCE, msgspec.json.Decoder(Token))


class InsuranceAdapter:
    """Asks the insurance fund; `SourceAdapter`.

    The settings' `credentials` hold `client_id` and `client_secret`.
    """

    name = SOURCE

    def __init__(self, settings: SourceSettings, *, observe: Observe | None = None) -> None:
        secrets = settings.credentials
        if not {"client_id", "client_secret"} <= secrets.keys() or settings.options:
            raise AdapterMisconfigured(
                f"{SOURCE}: needs credentials.client_id and client_secret, and no options"
            )
        pair = f"{secrets['client_id'].get_secret_value()}:"
        pair += secrets["client_secret"].get_secret_value()
        self._basic = base64.b64encode(pair.encode()).decode()
        self._headers: dict[str, str] = {}  # with the token
        self._client = GuardedClient(SOURCE, settings, observe=observe)
        self._token = ""
        self._token_until = 0.0  # loop time
        self._renewing = asyncio.Lock()

    @property
    def state(self) -> BreakerState:
        """Whether questions go through now."""
        return self._client.state

    @property
    def in_flight(self) -> int:
        """How many questions are under way."""
        return self._client.in_flight

    async def open(self) -> None:
        """Make ready; no token is fetched yet."""
        await self._client.open()

    async def fetch(self, query: Query) -> Record:
        """Answer *query* before its deadline.

        Raises:
            SubjectUnknown: nothing found.
            QuestionRefused: the fund does not take our credentials.
            SourceError: as the client says.
        """
        if query.service == "baohiem.the":
            card, number = await self._found("/bhxh/v2/the-bhyt", query, said.CARD)
            return record(query, said.card(card, number))
        if query.service == "baohiem.quatrinh":
            history, number = await self._found("/bhxh/v2/qua-trinh", query, said.HISTORY)
            return record(query, said.history(history, number))
        if query.service == "baohiem.huong":
            detailed = "loai_huong" in query.fields
            benefit, number = await self._found(
                "/bhxh/v2/dang-huong", query, said.BENEFIT, {"chiTiet": detailed}
            )
            return record(query, said.benefit(benefit, number, detailed=detailed))
        raise QuestionRefused(SOURCE, "service not offered")

    async def aclose(self) -> None:
        """Let go of connections and of the token; twice is harmless."""
        self._token = ""
        self._headers = {}
        await self._client.aclose()

    async def _found(
        self,
        path: str,
        query: Query,
        reader: Reader[About],
        more: Mapping[str, Json] | None = None,
    ) -> tuple[About, str]:
        """Return what the fund says of the person asked for, and its own number of the answer."""
        question = {**_person(query), **(more or {})}
        body = msgspec.json.encode(question)
        told = await self._asked(path, query, body, reader)
        if told is None:  # the token ended early: once more with another
            told = await self._asked(path, query, body, reader)
        if told is None:
            raise QuestionRefused(SOURCE, "a fresh token not taken")
        if told.code == HTTPStatus.NOT_FOUND and told.response is None:
            raise SubjectUnknown(SOURCE, "nothing found", upstream_id=told.correlation_id)
        if told.code != HTTPStatus.OK or told.response is None:
            raise SourceSchemaMismatch(SOURCE, "answer outside its contract")
        _demand_person(query, told.response)
        return told.response, told.correlation_id

    async def _asked(
        self,
        path: str,
        query: Query,
        body: bytes,
        reader: Reader[About],
    ) -> said.Envelope[About] | None:
        """Put the question; None, and the token is dropped, when the fund does not take it."""

        def read(reply: SourceReply) -> said.Envelope[About] | None:
            return None if reply.status == _TOKEN_REFUSED else reader(reply)

        token = await self._current_token(query)
        question = Question(
            path=path,
            headers=self._headers,
            body=body,
            trace=trace_headers(query.exchange_id, query.traceparent),
        )
        told = await self._client.ask(question, read, deadline=query.deadline)
        if told is None and token == self._token:
            self._token = ""
        return told

    async def _current_token(self, query: Query) -> str:
        """Return the token in use, fetching one when there is none; one fetch serves all."""
        loop = asyncio.get_running_loop()
        if self._token and loop.time() < self._token_until:
            return self._token
        try:
            async with asyncio.timeout_at(query.deadline), self._renewing:
                if not self._token or loop.time() >= self._token_until:
                    await self._renew(query)
                return self._token
        except TimeoutError:
            raise SourceTimeout(SOURCE, "no token before the deadline") from None

    async def _renew(self, query: Query) -> None:
        question = Question(
            path="/token",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": JSON,
                "Authorization": f"Basic {self._basic}",
            },
            body=b"grant_type=client_credentials",
            trace=trace_headers(query.exchange_id, query.traceparent),
        )
        token = await self._client.ask(question, _TOKEN, deadline=query.deadline)
        if token.token_type.lower() != "bearer" or not _TOKEN_TEXT.fullmatch(token.access_token):
            raise SourceSchemaMismatch(SOURCE, "a token that is none")
        life = max(token.expires_in - _EARLY_S, _SHORTEST_S)
        self._token = token.access_token
        self._headers = {
            "Content-Type": JSON,
            "Accept": JSON,
            "Authorization": f"Bearer {token.access_token}",
        }
        self._token_until = asyncio.get_running_loop().time() + life


def _person(query: Query) -> dict[str, Json]:
    """Return the question about a person; name and birth date must match when given."""
    subject = query.subject
    asked: dict[str, Json] = {"hoTen": nfc(subject.ho_ten or "")}
    if not asked["hoTen"]:
        raise QuestionRefused(SOURCE, "question without a name")
    if subject.so_dinh_danh is not None:
        asked["soDinhDanh"] = subject.so_dinh_danh
    elif subject.ma_so_bhxh is not None:
        asked["maSoBhxh"] = subject.ma_so_bhxh
    else:
        raise QuestionRefused(SOURCE, "question without a number")
    if subject.ngay_sinh is not None:
        digits = digits_of(SOURCE, subject.ngay_sinh)
        parts = (digits[6:8], digits[4:6], digits[:4])
        asked["ngaySinh"] = "/".join(filter(None, parts))
        asked["loaiNgaySinh"] = _KIND_OF_DAY[len(digits)]
    return asked


def _demand_person(query: Query, told: said.Person) -> None:
    if query.subject.so_dinh_danh is not None:
        demand_same(SOURCE, query.subject.so_dinh_danh, (told.so_dinh_danh,))
    else:
        demand_same(SOURCE, query.subject.ma_so_bhxh, (told.ma_so_bhxh,))


_: type[SourceAdapter] = InsuranceAdapter
