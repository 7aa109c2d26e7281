"""The shape of all settings: each with its type, unit and bounds."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.settings import SourceSettings
from auth.settings import IdentitySettings
from auth.settings_people import (
    BreakGlassSettings,
    RoleSettings,
    SessionSettings,
    SignOnSettings,
)
from auth.settings_providers import Network
from gateway.settings_record import Exports, Findings, Keeper, Retention, Search, Tree, Witnesses

PREFIX = "MOTLAN_"
_SCHEMES = {"postgresql", "postgres"}
_LOOPBACK: tuple[Network, ...] = ip_network("127.0.0.0/8"), ip_network("::1/128")

Port: TypeAlias = Annotated[int, Field(ge=0, le=65_535)]  # 0: any free one
Environment: TypeAlias = Literal["demo", "sandbox", "production"]


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
    # Before this port and that of staff; from anybody else X-Forwarded-For counts as absent.
    proxies: tuple[Network, ...] = _LOOPBACK  # each appends the address that it saw


class Admin(BaseModel, frozen=True, extra="forbid"):
    """Where staff sign on and administer, apart from the agencies' traffic.

    Source: TCVN 14423:2026 5.13.2.3 (second-hand, domain.md 1.8).
    """

    host: str = "127.0.0.1"
    port: Port = 8200


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
    admin: Admin = Admin()
    identity: IdentitySettings = IdentitySettings()
    sign_on: SignOnSettings = SignOnSettings()
    sessions: SessionSettings = SessionSettings()
    roles: RoleSettings = RoleSettings()
    break_glass: BreakGlassSettings = BreakGlassSettings()
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
