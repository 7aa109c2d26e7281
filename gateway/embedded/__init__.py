"""A PostgreSQL of our own: made, started, stopped and upgraded in one directory."""

from gateway.embedded.errors import (
    DirectoryInUse,
    EmbeddedError,
    ForeignDirectory,
    NewerDirectory,
    OlderDirectory,
    ProgramFailed,
    ProgramsMissing,
)
from gateway.embedded.server import EmbeddedPostgres, Status

__all__ = [
    "DirectoryInUse",
    "EmbeddedError",
    "EmbeddedPostgres",
    "ForeignDirectory",
    "NewerDirectory",
    "OlderDirectory",
    "ProgramFailed",
    "ProgramsMissing",
    "Status",
]
