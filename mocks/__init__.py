"""Stand-ins for the registers; they share nothing with the gateway but the wire."""
