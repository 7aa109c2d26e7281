"""The whole province on one machine: database, registers, gateway, and a story told with them."""
