"""Tests of what metrics and spans say about the process."""

from gateway.telemetry import describe_process


def test_nothing_of_the_host_is_told() -> None:
    """A name of a machine, its user or its command line may name a person."""
    told = describe_process(version="1.2.3", node="node-1", environment="demo").attributes

    assert {
        "service.name": "motlan",
        "service.version": "1.2.3",
        "service.instance.id": "node-1",
        "deployment.environment.name": "demo",
    } == dict(told)
