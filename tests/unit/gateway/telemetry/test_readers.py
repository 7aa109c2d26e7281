"""Tests of what Prometheus scrapes."""

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry import Exposition, Meters, Snapshots, describe_process

RESOURCE = describe_process(version="1.2.3", node="node-1", environment="demo")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _scraped(meters: Meters) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = Exposition(meters, resource=RESOURCE, clock=lambda: NOON)().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_histogram_is_scraped_with_cumulative_buckets() -> None:
    """Quantiles are computed from these."""
    meters = Meters()
    meters.appended(3, 0.0015)
    meters.appended(1, 0.2)

    found = _scraped(meters)

    name = "motlan_audit_append_duration_seconds"
    assert 0.0 == found[f"{name}_bucket", (("le", "0.001"),)]
    assert 1.0 == found[f"{name}_bucket", (("le", "0.002"),)]
    assert 2.0 == found[f"{name}_bucket", (("le", "+Inf"),)]
    assert 2.0 == found[f"{name}_count", ()]
    assert 0.2015 == round(found[f"{name}_sum", ()], 6)


def test_a_counter_is_scraped_with_its_labels() -> None:
    """One line for each decision there is."""
    meters = Meters()
    meters.decision("H30", "cu-tru", "quota")

    labels = (("agency", "H30"), ("code", "quota"), ("dataset", "cu-tru"), ("decision", "deny"))
    assert 1.0 == _scraped(meters)["motlan_policy_decisions_total", labels]


def test_gauges_are_read_when_somebody_looks() -> None:
    """A backlog is what it is now, not what it was at the last change."""
    meters = Meters()
    backlog = iter([1.0, 5.0])
    meters.observe("motlan.audit.backlog", lambda: next(backlog))
    meters.observe("motlan.connector.inflight", lambda: {"land": 2, "population": 0})

    next(backlog)
    found = _scraped(meters)

    assert 5.0 == found["motlan_audit_backlog", ()]
    assert 2.0 == found["motlan_connector_inflight", (("connector", "land"),)]


def test_a_scrape_says_which_gateway_it_was() -> None:
    """Several workers are scraped beside each other."""
    labels = dict(next(key[1] for key in _scraped(Meters()) if key[0] == "target_info"))

    assert ("motlan", "1.2.3") == (labels["service_name"], labels["service_version"])


def test_memory_and_time_of_the_process_are_there() -> None:
    """A worker has a budget of 150 MiB."""
    assert _scraped(Meters())["process_resident_memory_bytes", ()] > 0


def test_the_same_counters_are_opentelemetrys_data() -> None:
    """Whatever exporter reads them finds the names of the conventions."""
    meters = Meters()
    served = ("POST", "/v1/data/{service}", "200")
    meters.exchange("cu-tru", "H30", "ok", served, 0.01, 0.005)

    (resource,) = Snapshots(meters, RESOURCE, lambda: NOON)().resource_metrics
    names = {metric.name for metric in resource.scope_metrics[0].metrics}

    assert {"http.server.request.duration", "motlan.gateway.request.duration"} <= names
