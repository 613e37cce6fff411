"""An Odoo environment in a script: configuration, registry, cursor."""

import contextlib

import odoo
from odoo.modules.registry import Registry
from odoo.tools import config


def configure(configuration: str, database: str) -> None:
    """Read an ``odoo.conf`` and prepare logging and addons paths, as the server does."""
    config.parse_config(["-c", configuration, "-d", database, "--no-http"], setup_logging=True)
    odoo.modules.module.initialize_sys_path()


@contextlib.contextmanager
def odoo_env(database: str, *, commit: bool = True):
    """The superuser's environment of a database; commits at the end, unless the block raised."""
    registry = Registry(database)
    with registry.cursor() as cr:
        env = odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
        yield env
        if commit:
            env.cr.commit()
        else:
            env.cr.rollback()
