"""Where a stream of records ends: a syslog receiver behind TCP or TLS."""

import asyncio
import errno
import fcntl
import ssl
import struct
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from gateway.exports import syslog
from gateway.exports.columns import Record

OPEN_S = 10.0
LOOK_S = 0.005  # between two looks at what the peer has not acknowledged
FAREWELL_S = 5.0


class Sink(Protocol):
    """One open way to a receiver."""

    confirms: bool  # the receiver answers for what it took, so nothing sent is in doubt

    async def send(self, batch: Sequence[Record]) -> None:
        """Hand over *batch* in its order; return once the other side has it.

        An empty batch only asks whether the way is still open.

        Raises:
            OSError: it did not take the whole batch; some of it may have arrived.
        """
        ...

    async def aclose(self) -> bool:
        """Take leave; say whether the receiver has read everything that was sent."""
        ...


class Address(Struct, frozen=True, kw_only=True):
    """Where a syslog receiver listens, and how it proves who it is."""

    host: str
    port: int
    tls: bool = True
    ca_file: Path | None = None  # None: the system's own
    certificate_file: Path | None = None  # ours, when the receiver asks who we are
    key_file: Path | None = None


class SyslogSink:
    """A TCP connection to a syslog receiver (RFC 6587, RFC 5425).

    Syslog has no answer: TCP acknowledges for the receiver's kernel, not for its program.  `send`
    waits for that acknowledgement; whoever calls offers the last part again on a new connection.
    """

    confirms = False

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sender: syslog.Sender,
        patience_s: float,
    ) -> None:
        """Use an open connection.

        Args:
            reader: what the receiver says, which is nothing until it leaves.
            writer: what the receiver hears.
            sender: what each message says of us.
            patience_s: the longest that a batch may take.
        """
        self._reader = reader
        self._writer = writer
        self._sender = sender
        self._patience_s = patience_s
        writer.transport.set_write_buffer_limits(high=0)  # `drain` waits for all of it
        self._farewell = asyncio.ensure_future(_drop(reader))

    async def send(self, batch: Sequence[Record]) -> None:
        """Write *batch*, and wait until the peer's kernel has acknowledged every byte.

        Raises:
            OSError: the connection is gone, or it took longer than the patience (TimeoutError).
        """
        text = b"".join(syslog.framed(syslog.message(each, self._sender)) for each in batch)
        async with asyncio.timeout(self._patience_s):
            self._writer.write(text)
            await self._writer.drain()
            while self._open() and self._unacknowledged():  # noqa: ASYNC110 - the kernel tells nobody
                await asyncio.sleep(LOOK_S)
        if not self._open():
            raise ConnectionResetError(errno.ECONNRESET, "the receiver hung up")

    async def aclose(self) -> bool:
        """Say that nothing follows, and wait for the receiver to hang up as well."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                if self._open() and self._writer.can_write_eof():
                    self._writer.write_eof()
                    return await self._farewell
        except OSError:
            return False
        finally:
            self._farewell.cancel()
            self._writer.transport.abort()
        return False

    def _open(self) -> bool:
        return not self._farewell.done() and not self._writer.transport.is_closing()

    def _unacknowledged(self) -> int:
        """Return the bytes that the kernel holds until the peer acknowledges them."""
        descriptor = self._writer.get_extra_info("socket").fileno()
        if descriptor < 0:
            raise ConnectionResetError(errno.ECONNRESET, "the receiver hung up")
        (waiting,) = struct.unpack("i", fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0\0\0\0"))
        return int(waiting)


async def open_syslog(
    address: Address, sender: syslog.Sender, *, patience_s: float = 30.0
) -> SyslogSink:
    """Connect to the receiver at *address*.

    Raises:
        OSError: nobody listens, or it does not prove who it is (ssl.SSLError).
    """
    secured = tls_of(address) if address.tls else None
    name = address.host if secured else None
    async with asyncio.timeout(OPEN_S):
        reader, writer = await asyncio.open_connection(
            address.host, address.port, ssl=secured, server_hostname=name
        )
    return SyslogSink(reader, writer, sender, patience_s)


def tls_of(address: Address) -> ssl.SSLContext:
    """Return what the connection demands: TLS 1.2 or newer, a known issuer, the right name."""
    context = ssl.create_default_context(cafile=address.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if address.certificate_file is not None:
        context.load_cert_chain(address.certificate_file, address.key_file)
    return context


async def _drop(reader: asyncio.StreamReader) -> bool:
    """Throw away what a receiver says; return True when it ends in order, False when it breaks."""
    try:
        while await reader.read(4_096):
            pass
    except OSError:
        return False
    return True
