"""Modules that no test names or imports, and the test that runs them all the same."""

THROUGH: dict[str, str] = {}
