"""Vendors to talk to: small servers with real cursors, limits and faults, seeded from the vendors' own descriptions."""
