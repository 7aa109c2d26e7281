"""The page of settings, from their types, bounds and defaults."""

import inspect
import re
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gateway.settings import PRODUCTION_REFUSES, Settings

INTRO = """# Settings

Flags come first, then `MOTLAN_` variables, then secret files, then TOML, then defaults.
A variable is the setting's path with two underscores for each dot:
`database.pool_connections` is `MOTLAN_DATABASE__POOL_CONNECTIONS`.
`MOTLAN_DATABASE__URL__FILE` names a file that holds the value of `MOTLAN_DATABASE__URL`.
`MOTLAN_SECRETS_DIR` names a folder of files that are named like variables.
`MOTLAN_CONFIG` names the TOML file.
Without it `/etc/motlan/motlan.toml`, then `./motlan.toml`, is read when it is there.
An unknown setting stops the process.
`motlan settings show` prints what is in force, without secrets.
"""
WORDS: dict[Any, str] = {
    int: "integer",
    float: "number",
    str: "text",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
    type(None): "nothing",
}
BOUNDS: dict[type[Any], str] = {
    Ge: "at least {0.ge}",
    Gt: "more than {0.gt}",
    Le: "at most {0.le}",
    Lt: "less than {0.lt}",
    MinLen: "at least {0.min_length} long",
    MaxLen: "at most {0.max_length} long",
}


def page() -> str:
    """Return the page of settings: one table for each group, then what production refuses."""
    lines = [*INTRO.splitlines(), ""]
    lines += _group("", Settings)
    lines += ["## What production refuses", ""]
    lines += [f"- `{rule.setting}`: {rule.why}." for rule in PRODUCTION_REFUSES]
    return "\n".join(lines).rstrip() + "\n"


def _group(path: str, model: type[BaseModel]) -> list[str]:
    """Return the table of *model*, and those of the groups inside it."""
    plain = [(n, f) for n, f in model.model_fields.items() if _inner(f.annotation) is None]
    about = (inspect.getdoc(model) or "").split("\n", maxsplit=1)[0]
    lines = [f"## `{path or 'top level'}`", "", about, ""]
    if plain:
        lines += ["| Setting | Is | Default | Note |", "|---|---|---|---|"]
        notes = _notes(model)
        lines += [_setting_row(path, name, field, notes) for name, field in plain]
        lines.append("")
    for name, field in model.model_fields.items():
        if (inner := _inner(field.annotation)) is not None:
            star = ".<name>" if get_origin(field.annotation) is dict else ""
            lines += _group(".".join(filter(None, (path, name + star))), inner)
    return lines


def _setting_row(path: str, name: str, field: FieldInfo, notes: dict[str, str]) -> str:
    full = ".".join(filter(None, (path, name)))
    bounds = ", ".join(_bounds(field.metadata))
    kind = _kind(field.annotation) + (f", {bounds}" if bounds else "")
    return f"| `{full}` | {kind} | {_default(field)} | {notes.get(name, '')} |".replace("  ", " ")


def _inner(annotation: object) -> type[BaseModel] | None:
    """Return the group that *annotation* stands for, alone, optional or in a table by name."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _kind(annotation: Any) -> str:  # noqa: ANN401 - whatever a field may be annotated with
    """Say in words what values *annotation* takes."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation in WORDS:
        return WORDS[annotation]
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin in {Union, types.UnionType}:
        return " or ".join(_kind(part) for part in parts)
    if origin is dict:
        return f"table of {_kind(parts[0])} to {_kind(parts[1])}"
    if origin in {list, tuple, set, frozenset}:
        return f"list of {_kind(parts[0])}"
    return _kind(parts[0]) if parts else str(getattr(annotation, "__name__", annotation))


def _bounds(metadata: list[Any]) -> Iterator[str]:
    for bound in metadata:
        if type(bound) in BOUNDS:
            yield BOUNDS[type(bound)].format(bound)
        elif pattern := getattr(bound, "pattern", None):
            yield f"like `{pattern}`".replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be given"
    if value is None or value in ({}, (), [], frozenset()):
        return "none"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, list | tuple | set | frozenset):
        value = ", ".join(sorted(map(str, value)))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _notes(model: type[BaseModel]) -> dict[str, str]:
    """Return the comment beside each field of *model*: the code's own words on unit and meaning."""
    found = re.findall(r"^ {4}(\w+): .*?  # (.+)$", inspect.getsource(model), re.MULTILINE)
    return {name: note.replace("|", "\\|") for name, note in found if "noqa" not in note}
