"""Who is speaking: the resource that metrics and spans carry."""

from opentelemetry.sdk.resources import Resource


def describe_process(*, version: str, node: str, environment: str) -> Resource:
    """Describe this gateway; nothing of the host is read, so nothing of it leaks."""
    return Resource(
        {
            "service.name": "motlan",
            "service.version": version,
            "service.instance.id": node,
            "deployment.environment.name": environment,
        }
    )
