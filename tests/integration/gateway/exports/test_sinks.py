"""Ways to receivers: TLS that proves who listens, and an end that tells what was read."""

import asyncio
import ssl
from pathlib import Path

import pytest

from gateway.exports.sinks import Address, Sink, open_syslog
from gateway.exports.syslog import Sender
from tests.certificates import Authority
from tests.export_builders import Receiver, listening, some_records

SENDER = Sender(origin="motlan.example/audit/1", host="gw-1")


def server_side(authority: Authority, *, asks: bool = False) -> ssl.SSLContext:
    """Return what a receiver named localhost shows, and whether it asks who we are."""
    certificate, key = authority.certify("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.file)
    return context


def to(
    receiver: Receiver, ca_file: Path, ours: tuple[Path | None, Path | None] = (None, None)
) -> Address:
    """Return the address of a receiver that proves itself by *ca_file*."""
    certificate, key = ours
    return Address(
        host="localhost",
        port=receiver.port,
        ca_file=ca_file,
        certificate_file=certificate,
        key_file=key,
    )


async def kept_open(sink: Sink) -> None:
    """Ask for a second whether the way is still open."""
    for _ in range(100):
        await sink.send([])
        await asyncio.sleep(0.01)


async def test_records_travel_through_tls(tmp_path: Path) -> None:
    """RFC 5425: whoever listens on the way reads nothing."""
    authority = Authority(tmp_path)
    async with listening(Receiver(), ssl=server_side(authority)) as receiver:
        sink = await open_syslog(to(receiver, authority.file), SENDER)
        await sink.send(some_records(50))
        await asyncio.sleep(0.1)
        await sink.aclose()

    assert 50 == len(receiver.messages)


async def test_a_receiver_of_another_authority_gets_nothing(tmp_path: Path) -> None:
    """A stranger who answers at the address is no watcher of ours."""
    stranger, ours = Authority(tmp_path, "stranger"), Authority(tmp_path, "ours")
    async with listening(Receiver(), ssl=server_side(stranger)) as receiver:
        with pytest.raises(ssl.SSLCertVerificationError):
            await open_syslog(to(receiver, ours.file), SENDER)

    assert [] == receiver.messages


async def test_we_show_who_we_are_when_asked(tmp_path: Path) -> None:
    """A watcher may take records from known gateways alone."""
    authority = Authority(tmp_path)
    ours = authority.certify("gw-1")
    async with listening(Receiver(), ssl=server_side(authority, asks=True)) as receiver:
        address = to(receiver, authority.file, ours)
        sink = await open_syslog(address, SENDER)
        await sink.send(some_records(3))
        await asyncio.sleep(0.1)
        await sink.aclose()

    assert 3 == len(receiver.messages)


async def test_a_farewell_tells_whether_all_was_read() -> None:
    """Only then the next start need not offer the last part again."""
    async with listening(Receiver()) as receiver:
        sink = await open_syslog(Address(host="127.0.0.1", port=receiver.port, tls=False), SENDER)
        await sink.send(some_records(3))

        assert await sink.aclose()
        assert 3 == len(receiver.messages)


async def test_a_receiver_that_hung_up_is_noticed_without_a_record() -> None:
    """What was sent last is offered again at once, not when the next record comes."""
    async with listening(Receiver(cut_after=[1])) as receiver:
        sink = await open_syslog(Address(host="127.0.0.1", port=receiver.port, tls=False), SENDER)
        await sink.send(some_records(1))
        with pytest.raises(ConnectionError):
            await kept_open(sink)
        assert not await sink.aclose()
