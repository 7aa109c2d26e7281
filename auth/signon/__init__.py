"""Signing people on at OpenID providers, as a relying party (OpenID Connect Core, FAPI 2.0)."""
