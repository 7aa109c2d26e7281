"""Tokens on behalf of somebody: narrowed, exchanged, looked into, taken back."""
