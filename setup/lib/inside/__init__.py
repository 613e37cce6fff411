"""Scripts that run in Odoo's environment, with ``odoo`` importable."""
