"""The registers, for every test of this folder."""

from tests.connectors import registers as registers  # noqa: PLC0414 - pytest finds it by name
