"""What a filled form looks like on the wire, version 1."""

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from adapters.protocol import Json, Subject
from gateway.prefill.reasons import Reason
from gateway.stages.evidence import Basis

FieldWord: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9_.]{1,80}\Z")]
DossierWord: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9A-Za-z./_-]{1,64}\Z")]
PurposeWord: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
RecordWord: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}\Z")]


class Asking(Struct, frozen=True, kw_only=True):
    """One exchange that was made for the form."""

    service: str
    operation: str
    wave: int  # 1, or 2 when it needed another answer first
    exchange_id: str
    outcome: str  # "ok", or the code of the refusal or failure
    match: str | None = None  # how the source recognised the subject
    fields: tuple[str, ...]  # element codes asked for
    receipt: str | None = None  # entry id of the durable record


class Field(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field of the form: a value and where it comes from, or the reason why not."""

    code: str
    label_vi: str
    label_en: str
    state: str  # filled | confirmed | typed | choose | differs | missing
    editable: bool
    value: Json | None = None
    source: str | None = None  # dataset code; "applicant" for what was typed
    dataset_version: str | None = None
    as_of: datetime | None = None
    basis: Basis | None = None
    service: str | None = None
    element: str | None = None
    exchange_id: str | None = None
    choices: tuple[Json, ...] = ()  # equal places of one exchange belong together
    reason: Reason | None = None
    note_vi: str | None = None


class Side(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of two values that differ."""

    value: Json
    source: str
    as_of: datetime | None = None
    exchange_id: str | None = None


class Ticket(Struct, frozen=True):
    """Where an error at the source is put right."""

    procedure: str  # "1.012564": correct population data
    vi: str
    en: str


class Contradiction(Struct, frozen=True, kw_only=True):
    """Two places that should agree and do not."""

    code: str
    label_vi: str
    label_en: str
    left: Side
    right: Side
    fields: tuple[str, ...]
    ticket: Ticket


class ComponentAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One paper of the dossier, and whether it may still be asked for."""

    code: str
    name_vi: str
    name_en: str
    ask: bool
    instrument: str | None = None  # the article that forbids asking
    article: str | None = None
    mark: str | None = None
    exchanges: tuple[str, ...] = ()  # what replaces the paper
    reason: Reason | None = None


class Counts(Struct, frozen=True):
    """What the person types; how it is counted stands in `provenance.count`."""

    fields: int  # fields of the form, or of the part asked for
    filled: int  # without typing
    typed_today: int  # on paper: every field
    typed_now: int  # at the counter, plus what stays to be typed or settled


class Prefilled(Struct, frozen=True, kw_only=True):
    """The body of a 200."""

    procedure: str
    dossier: str
    exchanges: tuple[Asking, ...]
    fields: tuple[Field, ...]
    contradictions: tuple[Contradiction, ...]
    components: tuple[ComponentAnswer, ...]
    counts: Counts


class PrefillBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a question; the procedure stands in the path, everything about people here."""

    subject: Subject
    dossier: DossierWord
    purpose: PurposeWord = "giai-quyet-tthc"
    typed: Annotated[dict[FieldWord, Json], Meta(max_length=200)] = {}  # field to what was typed
    fields: Annotated[tuple[FieldWord, ...], Meta(max_length=200)] = ()  # empty: the whole form
    representative: RecordWord | None = None
