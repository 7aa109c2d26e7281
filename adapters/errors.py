"""How a source can fail us, or know nothing.  No message ever names a person."""


class SourceError(Exception):
    """Base of every way a source can fail; carries the source's name and a fact."""

    code = "source_unavailable"

    def __init__(self, source: str, fact: str, *, upstream_id: str | None = None) -> None:
        super().__init__(f"{source}: {fact}")
        self.source = source
        self.fact = fact
        self.upstream_id = upstream_id


class SubjectUnknown(SourceError):
    """The source answered, and recognises nobody; it never says which field differed."""

    code = "no_match"


class SourceTimeout(SourceError):
    """No answer before the caller's deadline."""

    code = "source_timeout"


class SourceUnavailable(SourceError):
    """Refused, lost, busy or failing connection; an HTTP 5xx; credentials not taken."""

    code = "source_unavailable"


class CircuitOpen(SourceUnavailable):
    """Not asked: the source failed too often just now."""

    code = "circuit_open"


class SourceMalformed(SourceError):
    """The answer is not in its agreed form: garbled, truncated, oversize, redirected."""

    code = "source_malformed"


class SourceSchemaMismatch(SourceMalformed):
    """Well formed, but not the agreed shape, or about somebody else."""

    code = "source_schema_mismatch"


class AdapterMisconfigured(Exception):
    """The adapter's settings cannot work; stops the process, not a request."""
