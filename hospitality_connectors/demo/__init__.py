"""The demo hotel group: two hotels with real bookings and made-up guests, two restaurants.

All modules but :mod:`.load` are plain Python without Odoo. :func:`.generate.generate` makes the
records of the group for a day, :func:`.files.write` writes them as the files that the source systems
of such a group would export, and :func:`.load.load` imports these files.
"""
