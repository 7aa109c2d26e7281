"""Connectors to the sources, one module for each authority."""
