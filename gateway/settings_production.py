"""What production does not accept of the settings: one table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from gateway.settings_shape import Settings

_DEMO_SECRET = "demo-"  # noqa: S105 - what secrets of the demo begin with
NARROWEST = {4: 8, 6: 32}  # shortest prefix of an address range that still names somebody
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_RELATIVE = "name a folder by its full path; a relative one follows the working directory"


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing that production does not accept."""

    setting: str
    why: str
    offends: Callable[[Settings], bool]


def refusals(settings: Settings) -> list[Refused]:
    """Return what production does not accept of *settings*; nothing elsewhere."""
    if settings.environment != "production":
        return []
    return [rule for rule in PRODUCTION_REFUSES if rule.offends(settings)]


def _uses_demo_secret(settings: Settings) -> bool:
    secrets = [
        secret.get_secret_value()
        for source in settings.sources.values()
        for secret in source.credentials.values()
    ]
    if settings.database.url:
        secrets.append(urlsplit(settings.database.url.get_secret_value()).password or "")
    return any(secret.lower().startswith(_DEMO_SECRET) for secret in secrets)


def _has_mock_source(settings: Settings) -> bool:
    hosts = {urlsplit(source.base_url).hostname for source in settings.sources.values()}
    return bool(hosts & _LOCAL)


def _has_plain_source(settings: Settings) -> bool:
    """Whether personal data would travel in clear through a network that nobody has named."""
    return any(
        source.base_url.startswith("http:") and not source.networks
        for source in settings.sources.values()
    )


def _database_in_clear(settings: Settings) -> bool:
    if settings.database.url is None:
        return False
    parts = urlsplit(settings.database.url.get_secret_value())
    asked = parse_qs(parts.query)
    mode = asked.get("sslmode", ["prefer"])[-1]
    remote = parts.hostname is not None and parts.hostname not in _LOCAL
    return remote and mode not in {"require", "verify-ca", "verify-full"}


def _signs_on_in_clear(settings: Settings) -> bool:
    """Whether cookies, codes or claims would travel by http."""
    shown = settings.sign_on
    urls = [
        url
        for each in shown.providers.values()
        for url in (each.issuer, shown.origin_of(each.realm, settings.identity.issuer))
    ]
    return not all(url.startswith("https://") for url in urls)


def _has_local_provider(settings: Settings) -> bool:
    issuers = (each.issuer for each in settings.sign_on.providers.values())
    return any(urlsplit(issuer).hostname in _LOCAL for issuer in issuers)


def _believes_everybody(settings: Settings) -> bool:
    """Whether anybody may write into a header whose certificate a connection showed."""
    return _too_wide(map(ip_network, settings.identity.certificate_peers))


def _too_wide(ranges: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(each.prefixlen < NARROWEST[each.version] for each in ranges)


def _overlap(*rings: Path) -> bool:
    return any(one is not other and one.is_relative_to(other) for one in rings for other in rings)


PRODUCTION_REFUSES: tuple[Refused, ...] = (
    Refused(
        "database.directory",
        "set database.url; the embedded PostgreSQL has no backup and no standby",
        lambda s: s.database.url is None,
    ),
    Refused(
        "database.url", "add sslmode=verify-full; it crosses a network in clear", _database_in_clear
    ),
    Refused("a demo secret", "secrets that begin with demo- are public", _uses_demo_secret),
    Refused("sources.*.base_url", "a mock, or a source on this host", _has_mock_source),
    Refused(
        "sources.*.base_url",
        "http:// without networks; use https://, or name the private networks it may be in",
        _has_plain_source,
    ),
    Refused(
        "telemetry.log_level",
        "debug says more than an operator may read",
        lambda s: s.telemetry.log_level == "debug",
    ),
    Refused(
        "identity.issuer",
        "tokens and keys must travel by https",
        lambda s: not s.identity.issuer.startswith("https://"),
    ),
    Refused(
        "sign_on.providers.*.issuer", "a provider on this host is the mock", _has_local_provider
    ),
    Refused(
        "sign_on.staff_origin",
        "people sign on by https alone; set it, sign_on.origin and every issuer so",
        _signs_on_in_clear,
    ),
    Refused(
        "sign_on.keys_dir",
        _RELATIVE,
        lambda s: bool(s.sign_on.providers) and not s.sign_on.keys_dir.is_absolute(),
    ),
    Refused(
        "listen.proxies",
        "name the proxies themselves: whoever is in a range so wide says who asks from where",
        lambda s: _too_wide(s.listen.proxies),
    ),
    Refused("audit.keys_dir", _RELATIVE, lambda s: not s.audit.keys_dir.is_absolute()),
    Refused("identity.keys_dir", _RELATIVE, lambda s: not s.identity.keys_dir.is_absolute()),
    Refused(
        "identity.nonces_dir",
        _RELATIVE,
        lambda s: s.identity.nonces_dir is not None and not s.identity.nonces_dir.is_absolute(),
    ),
    Refused(
        "identity.certificate_peers",
        "name the proxies themselves: whoever is in a range so wide is believed about certificates",
        _believes_everybody,
    ),
    Refused("tree.keys_dir", _RELATIVE, lambda s: not s.tree.keys_dir.is_absolute()),
    Refused("tree.guard_file", _RELATIVE, lambda s: not s.tree.guard_file.is_absolute()),
    Refused("exports.directory", _RELATIVE, lambda s: not s.exports.directory.is_absolute()),
    Refused("exports.keys_dir", _RELATIVE, lambda s: not s.exports.keys_dir.is_absolute()),
    Refused(
        "retention.archive_dir", _RELATIVE, lambda s: not s.retention.archive_dir.is_absolute()
    ),
    Refused(
        "witnesses.policy_file",
        "name a policy; without witnesses the log is believed on our word alone",
        lambda s: s.witnesses.policy_file is None,
    ),
    Refused(
        "exports.stream.syslog.secured",
        "the record's codes would cross a network in clear",
        lambda s: s.exports.stream.syslog is not None and not s.exports.stream.syslog.secured,
    ),
    Refused(
        "audit.keys_dir",
        "keep it, identity.keys_dir, sign_on.keys_dir and tree.keys_dir apart; "
        "each is backed up in its own way",
        lambda s: _overlap(
            *(s.audit.keys_dir, s.identity.keys_dir, s.sign_on.keys_dir, s.tree.keys_dir)
        ),
    ),
)
