"""Reads the settings, once, at the top: flags, variables, secret files, TOML, defaults."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)

from gateway.settings_production import PRODUCTION_REFUSES, refusals
from gateway.settings_shape import PREFIX, Environment, Port, Settings

__all__ = [
    "PREFIX",
    "PRODUCTION_REFUSES",
    "ConfigurationError",
    "Environment",
    "Port",
    "Settings",
    "load",
    "misspelt",
    "redacted",
    "refusals",
    "variables",
]

FILE = "__FILE"  # MOTLAN_DATABASE__URL__FILE names a file that holds MOTLAN_DATABASE__URL
CONFIG = f"{PREFIX}CONFIG"  # a TOML file
SECRETS = f"{PREFIX}SECRETS_DIR"  # files named like variables, with or without the prefix
SYSTEMD_SECRETS = "CREDENTIALS_DIRECTORY"  # what systemd's LoadCredential gives us
CONFIG_PLACES = (Path("/etc/motlan/motlan.toml"), Path("motlan.toml"))
LONGEST_SECRET_BYTES = 65_536


class ConfigurationError(Exception):
    """The settings cannot be used; one line for each fault, and never a value of a secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


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


def redacted(settings: Settings) -> dict[str, Any]:
    """Return *settings* as plain values, without any secret."""
    shown = settings.model_dump(mode="json")
    if settings.database.url:
        parts = urlsplit(settings.database.url.get_secret_value())
        shown["database"]["url"] = f"postgresql://***@{_place(parts.netloc)}{parts.path}"
    return shown


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
