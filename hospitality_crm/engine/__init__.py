"""Plain Python: values in, values out, no Odoo import."""
