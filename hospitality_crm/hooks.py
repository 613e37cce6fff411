from odoo.tools import SQL

from .models.guest.hospitality_adoption import INDEXES
from .models.merge.hospitality_merge_index import PREFIX
from .models.search.hospitality_guest_search import COMPLETE


def post_init_hook(env):
    """Plan the adoption of the contacts that exist already."""
    env["hospitality.adoption"]._start()


def uninstall_hook(env):
    """Remove what Odoo leaves behind: indexes on core columns, a parameter and files of our records."""
    env.cr.execute("SELECT relname FROM pg_class WHERE relkind = 'i' AND starts_with(relname, %s)", (PREFIX,))
    for name in [*INDEXES, *(row[0] for row in env.cr.fetchall())]:
        env.cr.execute(SQL("DROP INDEX IF EXISTS %s", SQL.identifier(name)))
    env["ir.config_parameter"].set_param(COMPLETE, False)
    models = [name for name in env.registry if name.startswith("hospitality.")]
    env["ir.attachment"].search([("res_model", "in", models), ("res_field", "!=", False)]).unlink()
    env["ir.attachment"].search([("res_model", "in", models)]).unlink()
