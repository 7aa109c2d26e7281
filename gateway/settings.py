"""Every setting with its type, unit and bounds; read once, at the top."""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias, cast
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from adapters.settings import SourceSettings
from auth.settings import IdentitySettings
from gateway.settings_record import Exports, Findings, Keeper, Retention, Search, Tree, Witnesses

PREFIX = "MOTLAN_"
FILE = "__FILE"  # MOTLAN_DATABASE__URL__FILE names a file that holds MOTLAN_DATABASE__URL
CONFIG = f"{PREFIX}CONFIG"  # a TOML file
SECRETS = f"{PREFIX}SECRETS_DIR"  # files named like variables, with or without the prefix
SYSTEMD_SECRETS = "CREDENTIALS_DIRECTORY"  # what systemd's LoadCredential gives us
CONFIG_PLACES = (Path("/etc/motlan/motlan.toml"), Path("motlan.toml"))
LONGEST_SECRET_BYTES = 65_536

Port: TypeAlias = Annotated[int, Field(ge=0, le=65_535)]  # 0: any free one
Environment: TypeAlias = Literal["demo", "sandbox", "production"]


class ConfigurationError(Exception):
    """The settings cannot be used; one line for each fault, and never a value of a secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Database(BaseModel, frozen=True, extra="forbid"):
    """Where the rows are: an address, or a directory for a PostgreSQL of our own."""

    url: SecretStr | None = None  # postgresql://user:password@host:5432/name; wins over directory
    directory: Path = Path(".motlan/postgres")
    pool_connections: Annotated[int, Field(ge=1, le=100)] = 10  # of each worker

    @model_validator(mode="after")
    def _is_postgresql(self) -> Self:
        if self.url and urlsplit(self.url.get_secret_value()).scheme not in _SCHEMES:
            message = "url must begin with postgresql://"
            raise ValueError(message)
        return self


class Listen(BaseModel, frozen=True, extra="forbid"):
    """Where agency systems reach us."""

    host: str = "127.0.0.1"
    port: Port = 8100
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    backlog: Annotated[int, Field(ge=16, le=65_535)] = 2048
    grace_s: Annotated[float, Field(gt=0, le=300)] = 10.0  # open exchanges may finish in this time


class Management(BaseModel, frozen=True, extra="forbid"):
    """Where health and metrics are read; each worker takes the first free port from here on."""

    host: str = "127.0.0.1"
    port: Port = 9000


class Audit(BaseModel, frozen=True, extra="forbid"):
    """The access log."""

    node: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")] = "node-1"
    timeout_s: Annotated[float, Field(gt=0, le=10)] = 2.0  # then nothing leaves
    queue_records: Annotated[int, Field(ge=1, le=100_000)] = 2000
    synchronous_commit: Literal["on", "remote_apply"] = "on"
    keys_dir: Path = Path(".motlan/keys/pseudonyms")


class Exchange(BaseModel, frozen=True, extra="forbid"):
    """Bounds of one exchange."""

    deadline_ms: Annotated[int, Field(ge=100, le=60_000)] = 3000
    body_bytes: Annotated[int, Field(ge=1024, le=1_048_576)] = 65_536
    json_depth: Annotated[int, Field(ge=2, le=64)] = 16


class Catalog(BaseModel, frozen=True, extra="forbid"):
    """The published catalog in memory."""

    refresh_s: Annotated[float, Field(gt=0, le=60)] = 0.5  # between two looks at its version


class Telemetry(BaseModel, frozen=True, extra="forbid"):
    """What the process says about itself."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str | None = None  # http(s)://host:4318; None: no spans leave
    span_sample: Annotated[float, Field(ge=0, le=1)] = 0.01  # share of exchanges with a span


class Settings(BaseSettings):
    """The whole configuration of one gateway."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    environment: Environment = "demo"
    database: Database = Database()
    listen: Listen = Listen()
    management: Management = Management()
    identity: IdentitySettings = IdentitySettings()
    sources: dict[str, SourceSettings] = {}  # by the source's code in the catalog
    audit: Audit = Audit()
    keeper: Keeper = Keeper()
    tree: Tree = Tree()
    witnesses: Witnesses = Witnesses()
    search: Search = Search()
    findings: Findings = Findings()
    exports: Exports = Exports()
    retention: Retention = Retention()
    exchange: Exchange = Exchange()
    catalog: Catalog = Catalog()
    telemetry: Telemetry = Telemetry()


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing that production does not accept."""

    setting: str
    why: str
    offends: Callable[[Settings], bool]


def load(
    overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings: *overrides*, then variables, then secret files, then TOML, then defaults.

    Args:
        overrides: what flags said, nested as in TOML.
        environ: the variables; None for those of this process.

    Raises:
        ConfigurationError: something is unknown, out of bounds, unreadable, or not for production.
    """
    given = os.environ if environ is None else environ
    if wrong := misspelt(given):
        raise ConfigurationError([f"{name}: no such setting" for name in wrong])
    merged = _merged(given)
    written = _toml(given)

    class Sourced(Settings):
        """Settings with the sources of this one call."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del env_settings, dotenv_settings, file_secret_settings
            toml = InitSettingsSource(settings_cls, written)
            return init_settings, _Variables(settings_cls, merged), toml

    try:
        settings = Sourced(**dict(overrides or {}))
    except ValidationError as invalid:
        raise ConfigurationError([_fault(error) for error in invalid.errors()]) from None
    except SettingsError as odd:
        raise ConfigurationError([str(odd)]) from None
    if refused := refusals(settings):
        raise ConfigurationError([f"production refuses {r.setting}: {r.why}" for r in refused])
    return settings


def variables(
    overrides: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment of a process that is to read the same settings as `load` did."""
    flat = {PREFIX + "__".join(path).upper(): str(value) for path, value in _leaves(overrides)}
    given = os.environ if environ is None else environ
    hidden = {f"{name}{FILE}" for name in flat}  # a flag wins over a file
    kept = {name: value for name, value in given.items() if name.upper() not in hidden}
    return kept | flat


def misspelt(environ: Mapping[str, str]) -> list[str]:
    """Name the variables that start with ``MOTLAN_`` and belong to no setting.

    pydantic-settings ignores a top-level variable that no field owns.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {CONFIG, SECRETS}
    ours = (name for name in environ if name.upper().startswith(PREFIX))
    return sorted(name for name in ours if name.upper().split("__")[0] not in known)


def refusals(settings: Settings) -> list[Refused]:
    """Return what production does not accept of *settings*; nothing elsewhere."""
    if settings.environment != "production":
        return []
    return [rule for rule in PRODUCTION_REFUSES if rule.offends(settings)]


def redacted(settings: Settings) -> dict[str, Any]:
    """Return *settings* as plain values, without any secret."""
    shown = settings.model_dump(mode="json")
    if settings.database.url:
        parts = urlsplit(settings.database.url.get_secret_value())
        shown["database"]["url"] = f"postgresql://***@{_place(parts.netloc)}{parts.path}"
    return shown


_SCHEMES = {"postgresql", "postgres"}
_DEMO_SECRET = "demo-"  # noqa: S105 - what secrets of the demo begin with
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_RELATIVE = "name a folder by its full path; a relative one follows the working directory"


def _uses_demo_secret(settings: Settings) -> bool:
    secrets = [
        secret.get_secret_value()
        for source in settings.sources.values()
        for secret in source.credentials.values()
    ]
    if settings.database.url:
        secrets.append(urlsplit(settings.database.url.get_secret_value()).password or "")
    return any(secret.lower().startswith(_DEMO_SECRET) for secret in secrets)


def _has_mock_source(settings: Settings) -> bool:
    hosts = {urlsplit(source.base_url).hostname for source in settings.sources.values()}
    return bool(hosts & _LOCAL)


def _has_plain_source(settings: Settings) -> bool:
    """Whether personal data would travel in clear through a network that nobody has named."""
    return any(
        source.base_url.startswith("http:") and not source.networks
        for source in settings.sources.values()
    )


def _database_in_clear(settings: Settings) -> bool:
    if settings.database.url is None:
        return False
    parts = urlsplit(settings.database.url.get_secret_value())
    asked = parse_qs(parts.query)
    mode = asked.get("sslmode", ["prefer"])[-1]
    remote = parts.hostname is not None and parts.hostname not in _LOCAL
    return remote and mode not in {"require", "verify-ca", "verify-full"}


def _overlap(*rings: Path) -> bool:
    return any(one is not other and one.is_relative_to(other) for one in rings for other in rings)


PRODUCTION_REFUSES: tuple[Refused, ...] = (
    Refused(
        "database.directory",
        "set database.url; the embedded PostgreSQL has no backup and no standby",
        lambda s: s.database.url is None,
    ),
    Refused(
        "database.url", "add sslmode=verify-full; it crosses a network in clear", _database_in_clear
    ),
    Refused("a demo secret", "secrets that begin with demo- are public", _uses_demo_secret),
    Refused("sources.*.base_url", "a mock, or a source on this host", _has_mock_source),
    Refused(
        "sources.*.base_url",
        "http:// without networks; use https://, or name the private networks it may be in",
        _has_plain_source,
    ),
    Refused(
        "telemetry.log_level",
        "debug says more than an operator may read",
        lambda s: s.telemetry.log_level == "debug",
    ),
    Refused(
        "identity.issuer",
        "tokens and keys must travel by https",
        lambda s: not s.identity.issuer.startswith("https://"),
    ),
    Refused("audit.keys_dir", _RELATIVE, lambda s: not s.audit.keys_dir.is_absolute()),
    Refused("identity.keys_dir", _RELATIVE, lambda s: not s.identity.keys_dir.is_absolute()),
    Refused("tree.keys_dir", _RELATIVE, lambda s: not s.tree.keys_dir.is_absolute()),
    Refused("tree.guard_file", _RELATIVE, lambda s: not s.tree.guard_file.is_absolute()),
    Refused(
        "audit.keys_dir",
        "keep it, identity.keys_dir and tree.keys_dir apart; each is backed up in its own way",
        lambda s: _overlap(s.audit.keys_dir, s.identity.keys_dir, s.tree.keys_dir),
    ),
)


class _Variables(EnvSettingsSource):
    """Variables from a mapping that we give, not from wherever pydantic looks."""

    def __init__(self, settings_cls: type[BaseSettings], variables: Mapping[str, str]) -> None:
        self._given = {name.lower(): value for name, value in variables.items()}
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._given


def _merged(environ: Mapping[str, str]) -> dict[str, str]:
    """Return secrets from folders, overlaid with files named by variables, then the variables."""
    upper = {name.upper(): value for name, value in environ.items()}
    ours = {name: value for name, value in upper.items() if name.startswith(PREFIX)}
    plain = {name: value for name, value in ours.items() if not name.endswith(FILE)}
    named = {
        name.removesuffix(FILE): _secret(name, Path(value))
        for name, value in ours.items()
        if name.endswith(FILE)
    }
    if both := sorted(plain.keys() & named.keys()):
        raise ConfigurationError([f"{name} and {name}{FILE} are both set" for name in both])
    merged = _folder(upper.get(SYSTEMD_SECRETS)) | _folder(upper.get(SECRETS)) | named | plain
    return {name: value for name, value in merged.items() if name not in {CONFIG, SECRETS}}


def _leaves(
    nested: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from _leaves(cast("Mapping[str, Any]", value), (*above, name))
        else:
            yield (*above, name), value


def _folder(folder: str | None) -> dict[str, str]:
    """Read each file of *folder* that is named like a setting; other files are not ours."""
    if folder is None:
        return {}
    if not Path(folder).is_dir():
        raise ConfigurationError([f"{SECRETS}: {folder} is not a folder"])
    heads = {name.upper() for name in Settings.model_fields}
    found: dict[str, str] = {}
    for file in sorted(Path(folder).iterdir()):
        bare = file.name.upper().removeprefix(PREFIX)
        if file.is_file() and bare.split("__")[0] in heads:
            found[PREFIX + bare] = _secret(file.name, file)
    return found


def _secret(name: str, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LONGEST_SECRET_BYTES + 1)
        if len(content) > LONGEST_SECRET_BYTES:
            raise ConfigurationError([f"{name}: {file} is longer than 64 KiB"])
        return content.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as unreadable:
        kind = type(unreadable).__name__
        raise ConfigurationError([f"{name}: cannot read {file} ({kind})"]) from None


def _toml(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the configuration file: the named one must exist, the usual ones may."""
    named = environ.get(CONFIG)
    places = [Path(named)] if named else [place for place in CONFIG_PLACES if place.is_file()]
    if not places:
        return {}
    try:
        return tomllib.loads(places[0].read_text(encoding="utf-8"))
    except OSError as unreadable:
        kind = type(unreadable).__name__
        raise ConfigurationError([f"{CONFIG}: cannot read {places[0]} ({kind})"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as odd:
        raise ConfigurationError([f"{places[0]}: {odd}"]) from None


def _fault(error: ErrorDetails) -> str:
    """Say where and what, without the value: it may be a secret."""
    where = ".".join(str(step) for step in error["loc"]) or "settings"
    what = "no such setting" if error["type"] == "extra_forbidden" else error["msg"]
    return f"{where}: {what}"


def _place(netloc: str) -> str:
    return netloc.rpartition("@")[2]
