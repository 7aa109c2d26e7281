"""2. What is asked for: service code to published version."""

from collections.abc import Callable

from adapters.protocol import Subject
from auth.principals import Official
from catalog.entries import ServiceState, ServiceVersion
from catalog.snapshot import Snapshot
from gateway.errors import Code, Refusal
from gateway.problems import field_error
from gateway.stages.evidence import Asked, Identified, Resolved


class Resolve:
    """Finds the service in the snapshot of this instant; only published versions answer."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def __call__(self, identified: Identified) -> Resolved:
        """Return the published version, once the question fits its form.

        Raises:
            Refusal: SERVICE_UNKNOWN, SERVICE_DISABLED, VERSION_RETIRED, OFFICIAL_REQUIRED,
                ASSURANCE_TOO_LOW or VALIDATION_FAILED.
        """
        asked = identified.asked
        snapshot = self._snapshot()
        service = _open_service(snapshot, asked)
        _demand_official(service, identified.principal.official)
        errors = [*_unknown_fields(service, asked), *_subject_errors(service, asked.subject)]
        if errors:
            raise Refusal(Code.VALIDATION_FAILED, errors=errors, service=service.code)
        return Resolved(identified, snapshot, service)


def _demand_official(service: ServiceVersion, official: Official | None) -> None:
    """Demand whom the service demands behind a question, signed on as strongly as it demands."""
    if not service.official_required:
        return
    if official is None:
        raise Refusal(Code.OFFICIAL_REQUIRED, service=service.code)
    if official.level < service.official_level:
        raise Refusal(Code.ASSURANCE_TOO_LOW, service=service.code)


def _open_service(snapshot: Snapshot, asked: Asked) -> ServiceVersion:
    service = snapshot.services.get(asked.service)  # type: ignore[call-overload]
    if service is None:
        raise Refusal(Code.SERVICE_UNKNOWN)
    if service.state is ServiceState.DISABLED:
        raise Refusal(Code.SERVICE_DISABLED, service=service.code, alternative=service.lower)
    sunset = service.sunset
    if service.state is ServiceState.RETIRED or (sunset is not None and sunset <= asked.at):
        raise Refusal(Code.VERSION_RETIRED, service=service.code)
    return service


def _unknown_fields(service: ServiceVersion, asked: Asked) -> list[dict[str, str]]:
    return [
        field_error(f"/fields/{place}", "unknown_field", "Trường không có trong dịch vụ.",
                    "The service has no such field.")
        for place, name in enumerate(asked.fields)
        if name not in service.elements
    ]  # fmt: skip


def _subject_errors(service: ServiceVersion, subject: Subject) -> list[dict[str, str]]:
    missing = [name for name in service.subject if getattr(subject, name, None) is None]
    known = {*service.subject, *service.subject_optional}
    given = [n for n in subject.__struct_fields__ if getattr(subject, n) is not None]
    return [
        *(
            field_error(f"/subject/{name}", "required", "Thiếu thành phần bắt buộc.",
                        "A required member is missing.")
            for name in missing
        ),
        *(
            field_error(f"/subject/{name}", "not_used", "Dịch vụ không dùng thành phần này.",
                        "The service does not use this member; least data goes both ways.")
            for name in given
            if name not in known
        ),
    ]  # fmt: skip
