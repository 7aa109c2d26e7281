"""Runs the migrations on the connection that `gateway.database` hands over."""

from alembic import context
from sqlalchemy import Connection


def run(connection: Connection) -> None:
    """Apply what was asked for, each migration in a transaction of its own.

    Time limits are set where the connection is made: `gateway.database`.
    """
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def run_offline() -> None:
    """Print the SQL instead: ``alembic upgrade head --sql``, for a database administrator."""
    context.configure(dialect_name="postgresql", literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run(context.config.attributes["connection"])
