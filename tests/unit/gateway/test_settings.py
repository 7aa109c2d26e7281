"""Tests of the settings: what wins over what, what is refused, what is never printed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.settings import (
    PRODUCTION_REFUSES,
    ConfigurationError,
    load,
    misspelt,
    redacted,
    refusals,
    variables,
)

SECRET = "demo-s3cret"
SOUND: Mapping[str, str] = {
    "MOTLAN_ENVIRONMENT": "production",
    "MOTLAN_DATABASE__URL": "postgresql://gw:x7@db.tinh.gov.vn/motlan?sslmode=verify-full",
    "MOTLAN_IDENTITY__ISSUER": "https://lgsp.tinh.gov.vn",
    "MOTLAN_IDENTITY__KEYS_DIR": "/var/lib/motlan/signing",
    "MOTLAN_AUDIT__KEYS_DIR": "/var/lib/motlan/pseudonyms",
    "MOTLAN_TREE__KEYS_DIR": "/var/lib/motlan/log",
    "MOTLAN_TREE__GUARD_FILE": "/var/lib/motlan/tree-guard.json",
    "MOTLAN_EXPORTS__DIRECTORY": "/var/lib/motlan/exports",
    "MOTLAN_EXPORTS__KEYS_DIR": "/var/lib/motlan/export-keys",
    "MOTLAN_RETENTION__ARCHIVE_DIR": "/srv/motlan/archive",
    "MOTLAN_WITNESSES__POLICY_FILE": "/etc/motlan/witnesses.policy",
    "MOTLAN_SOURCES__POPULATION__BASE_URL": "https://dancu.tinh.gov.vn",
}


def test_a_flag_wins_over_a_variable_over_a_file_over_the_default(tmp_path: Path) -> None:
    """An operator must know which of four places decides."""
    toml = tmp_path / "motlan.toml"
    toml.write_text("[listen]\nport = 1\nworkers = 5\nbacklog = 100\n")
    environ = {
        "MOTLAN_CONFIG": str(toml),
        "MOTLAN_LISTEN__PORT": "2",
        "MOTLAN_LISTEN__WORKERS": "6",
    }

    found = load({"listen": {"port": 3}}, environ).listen

    assert (3, 6, 100, "127.0.0.1") == (found.port, found.workers, found.backlog, found.host)


def test_a_secret_may_be_in_a_file_that_a_variable_names(tmp_path: Path) -> None:
    """Compose hands secrets over as files; the line end is not part of one."""
    (tmp_path / "url").write_text("postgresql://gw:x7@db/motlan\n")

    found = load({}, {"MOTLAN_DATABASE__URL__FILE": str(tmp_path / "url")})

    assert found.database.url
    assert "postgresql://gw:x7@db/motlan" == found.database.url.get_secret_value()


@pytest.mark.parametrize("name", ["database__url", "MOTLAN_DATABASE__URL"])
@pytest.mark.parametrize("variable", ["MOTLAN_SECRETS_DIR", "CREDENTIALS_DIRECTORY"])
def test_a_secret_may_be_in_a_folder(tmp_path: Path, name: str, variable: str) -> None:
    """Kubernetes and systemd hand over folders, in which there are other things too."""
    (tmp_path / name).write_text("postgresql://gw@db/motlan")
    (tmp_path / "tls.crt").write_text("not ours")

    assert load({}, {variable: str(tmp_path)}).database.url


def test_a_variable_wins_over_a_secret_folder(tmp_path: Path) -> None:
    """What stands nearer to the process decides."""
    (tmp_path / "listen__port").write_text("1")

    environ = {"MOTLAN_SECRETS_DIR": str(tmp_path), "MOTLAN_LISTEN__PORT": "2"}

    assert 2 == load({}, environ).listen.port


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"MOTLAN_DATABAS__URL": "x"}, id="no such group"),
        pytest.param({"MOTLAN_DATABASE__URLS": "x"}, id="no such setting"),
        pytest.param({"MOTLAN_LISTEN__PORT": "65536"}, id="out of bounds"),
        pytest.param({"MOTLAN_LISTEN__WORKERS": "0"}, id="no worker"),
        pytest.param({"MOTLAN_DATABASE__URL": "mysql://db"}, id="another database"),
        pytest.param({"MOTLAN_ENVIRONMENT": "prod"}, id="no such environment"),
        pytest.param({"MOTLAN_DATABASE__URL__FILE": "/nowhere"}, id="no such file"),
        pytest.param({"MOTLAN_SECRETS_DIR": "/nowhere"}, id="no such folder"),
        pytest.param({"MOTLAN_CONFIG": "/nowhere"}, id="no such configuration"),
        pytest.param({"MOTLAN_LISTEN": "{"}, id="broken JSON"),
        pytest.param({"MOTLAN_AUDIT__SYNCHRONOUS_COMMIT": "off"}, id="a record that may be lost"),
        pytest.param({"MOTLAN_EXCHANGE__DEADLINE_MS": "nan"}, id="not a number"),
    ],
)
def test_what_nobody_knows_or_may_set_stops_the_process(environ: dict[str, str]) -> None:
    """A misspelt variable that is silently ignored is the default in disguise."""
    with pytest.raises(ConfigurationError):
        load({}, environ)


@pytest.mark.parametrize("text", ["[listen]\nprot = 1\n", "[lisen]\nport = 1\n", "port = "])
def test_an_odd_configuration_file_stops_the_process(tmp_path: Path, text: str) -> None:
    """The same holds for the file."""
    toml = tmp_path / "motlan.toml"
    toml.write_text(text)

    with pytest.raises(ConfigurationError):
        load({}, {"MOTLAN_CONFIG": str(toml)})


def test_a_value_and_its_file_together_are_refused(tmp_path: Path) -> None:
    """Nobody could say which one is meant."""
    (tmp_path / "port").write_text("1")
    environ = {"MOTLAN_LISTEN__PORT": "2", "MOTLAN_LISTEN__PORT__FILE": str(tmp_path / "port")}

    with pytest.raises(ConfigurationError, match="both set"):
        load({}, environ)


def test_every_misspelt_variable_is_named() -> None:
    """One look at the message mends them all."""
    environ = {"MOTLAN_B": "", "MOTLAN_A__X": "", "MOTLAN_LISTEN__PORT": "1", "PATH": ""}

    assert ["MOTLAN_A__X", "MOTLAN_B"] == misspelt(environ)


def test_a_refusal_never_repeats_a_value() -> None:
    """The text goes to a log, and the value may be a secret in the wrong place."""
    with pytest.raises(ConfigurationError) as refused:
        load({}, {"MOTLAN_DATABASE__URL": SECRET, "MOTLAN_LISTEN__PORT": SECRET})

    assert SECRET not in str(refused.value)
    assert 2 == len(refused.value.faults)


def test_settings_are_printed_without_secrets() -> None:
    """Diagnostics are mailed around."""
    environ = {
        "MOTLAN_DATABASE__URL": f"postgresql://gw:{SECRET}@db:5433/motlan?password={SECRET}",
        "MOTLAN_SOURCES__POPULATION__BASE_URL": "https://dancu.tinh.gov.vn",
        "MOTLAN_SOURCES__POPULATION__CREDENTIALS__KEY": SECRET,
    }

    shown = redacted(load({}, environ))

    assert SECRET not in str(shown)
    assert "postgresql://***@db:5433/motlan" == shown["database"]["url"]


def test_a_sound_production_is_accepted() -> None:
    """The refusals leave a way through."""
    assert "production" == load({}, SOUND).environment


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("DATABASE__URL", None, id="embedded database"),
        pytest.param("DATABASE__URL", "postgresql://gw:x@db/m", id="database in clear"),
        pytest.param(
            "DATABASE__URL", f"postgresql://gw:{SECRET}@db/m?sslmode=require", id="demo password"
        ),
        pytest.param("IDENTITY__ISSUER", "http://127.0.0.1:8100", id="http issuer"),
        pytest.param("IDENTITY__KEYS_DIR", "keys", id="relative signing keys"),
        pytest.param("IDENTITY__NONCES_DIR", "nonces", id="relative nonce secrets"),
        pytest.param("IDENTITY__CERTIFICATE_PEERS", '["0.0.0.0/0"]', id="everybody a proxy"),
        pytest.param("IDENTITY__CERTIFICATE_PEERS", '["10.1.0.0/16", "::/0"]', id="or by IPv6"),
        pytest.param("AUDIT__KEYS_DIR", "keys", id="relative pseudonym keys"),
        pytest.param("TREE__KEYS_DIR", "keys", id="relative log keys"),
        pytest.param("TREE__GUARD_FILE", "guard.json", id="relative guard file"),
        pytest.param("TREE__KEYS_DIR", "/var/lib/motlan/signing", id="log keys beside others"),
        pytest.param("AUDIT__KEYS_DIR", "/var/lib/motlan/signing", id="keys in one folder"),
        pytest.param("AUDIT__KEYS_DIR", "/var/lib/motlan/signing/p", id="keys inside keys"),
        pytest.param("AUDIT__KEYS_DIR", "/var/lib/motlan", id="keys around keys"),
        pytest.param("SOURCES__POPULATION__BASE_URL", "http://127.0.0.1:9101", id="mock"),
        pytest.param("SOURCES__POPULATION__BASE_URL", "http://dancu", id="source in clear"),
        pytest.param("SOURCES__POPULATION__CREDENTIALS__KEY", SECRET, id="demo key"),
        pytest.param("TELEMETRY__LOG_LEVEL", "debug", id="debug"),
        pytest.param("EXPORTS__DIRECTORY", "exports", id="relative exports"),
        pytest.param("EXPORTS__KEYS_DIR", "keys", id="relative export keys"),
        pytest.param("RETENTION__ARCHIVE_DIR", "archive", id="relative archive"),
        pytest.param("WITNESSES__POLICY_FILE", None, id="nobody watches"),
        pytest.param(
            "EXPORTS__STREAM__SYSLOG", '{"host": "siem", "secured": false}', id="plain syslog"
        ),
        pytest.param("LISTEN__PROXIES", '["127.0.0.0/8", "0.0.0.0/0"]', id="all say from where"),
    ],
)
def test_production_refuses_what_only_a_demo_may_have(name: str, value: str | None) -> None:
    """Nobody should learn from an incident that the demo's settings were still there."""
    environ = {**SOUND, f"MOTLAN_{name}": value or ""}
    if value is None:
        del environ[f"MOTLAN_{name}"]

    with pytest.raises(ConfigurationError, match="production refuses"):
        load({}, environ)


SIGN_ON = {
    "MOTLAN_SIGN_ON__KEYS_DIR": "/var/lib/motlan/sign-on",
    "MOTLAN_SIGN_ON__STAFF_ORIGIN": "https://quan-tri.h99.example",
    "MOTLAN_SIGN_ON__PROVIDERS__STAFF__ISSUER": "https://sso.h99.example",
    "MOTLAN_SIGN_ON__PROVIDERS__STAFF__REALM": "staff",
    "MOTLAN_SIGN_ON__PROVIDERS__STAFF__CLIENT_ID": "motlan",
    "MOTLAN_SIGN_ON__PROVIDERS__STAFF__TITLE_VI": "Cán bộ",
    "MOTLAN_SIGN_ON__PROVIDERS__STAFF__TITLE_EN": "Officials",
}


def test_a_production_at_which_people_sign_on_is_accepted() -> None:
    """The refusals leave a way through here, too."""
    assert ["staff"] == list(load({}, {**SOUND, **SIGN_ON}).sign_on.providers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("KEYS_DIR", "keys", id="relative keys"),
        pytest.param("KEYS_DIR", "/var/lib/motlan/signing", id="keys in one folder"),
        pytest.param("STAFF_ORIGIN", "http://127.0.0.1:8200", id="our door by http"),
        pytest.param("PROVIDERS__STAFF__ISSUER", "http://127.0.0.1:9105/realms/staff", id="mock"),
        pytest.param("PROVIDERS__STAFF__ISSUER", "https://localhost/realms/staff", id="here"),
    ],
)
def test_production_signs_nobody_on_as_a_demo_does(name: str, value: str) -> None:
    """Whoever can be anybody at a mock could be anybody here."""
    with pytest.raises(ConfigurationError, match="production refuses"):
        load({}, {**SOUND, **SIGN_ON, f"MOTLAN_SIGN_ON__{name}": value})


def test_the_two_kinds_of_keys_are_neighbours_by_default() -> None:
    """Who starts in an empty folder finds everything that was made in one place, apart."""
    settings = load({}, {})

    assert Path(".motlan/keys/signing") == settings.identity.keys_dir
    assert Path(".motlan/keys/pseudonyms") == settings.audit.keys_dir


def test_elsewhere_nothing_of_it_is_refused() -> None:
    """A demo needs no certificate."""
    settings = load({}, {})

    assert [] == refusals(settings)
    assert any(rule.offends(settings) for rule in PRODUCTION_REFUSES)


def test_a_child_process_reads_the_same_settings(tmp_path: Path) -> None:
    """Flags of `motlan serve` must reach its workers, also over a secret file."""
    (tmp_path / "port").write_text("1")
    environ = {"MOTLAN_LISTEN__PORT__FILE": str(tmp_path / "port"), "PATH": "/bin"}
    flags = {"listen": {"port": 7, "workers": 3}}

    given = variables(flags, environ)

    assert load(flags, {}).listen == load({}, given).listen
    assert "/bin" == given["PATH"]
