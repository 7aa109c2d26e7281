"""The gateway: composes identity, catalog, adapters and evidence into one lawful exchange."""

__version__ = "0.1.0"
