"""Transactions as this package is given them, and what a database that does not answer raises."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from asyncpg import InterfaceError, InternalClientError, PostgresError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

# Opens one; it commits at the end, and rolls back on any error.
Transaction: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncSession]]

# Whatever SQLAlchemy, the driver below it, or the network says instead of an answer.
SILENCE: tuple[type[Exception], ...] = (
    SQLAlchemyError,
    PostgresError,
    InterfaceError,
    InternalClientError,  # a connection cut in mid-sentence
    OSError,  # TimeoutError among them
)
