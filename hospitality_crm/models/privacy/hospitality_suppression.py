import hashlib
import hmac

from odoo import api, fields, models, tools
from odoo.tools import SQL

REASONS = [
    ("erasure", "Erased Guest"),
    ("objection", "Objection"),
    ("complaint", "Complaint"),
    ("import", "Imported List"),
]


class HospitalitySuppression(models.Model):
    """An address that gets no marketing any more, known by a keyed hash alone.

    It survives the erasure of its owner: when the address comes back, by an import or a form, its contact point is
    recognised and the gate refuses it. The key lies outside the database and is kept for life (`tools.keys`), so that
    nobody reads addresses out of a copy of the table by trying them.
    """

    _name = "hospitality.suppression"
    _description = "Suppressed Address"
    _order = "id desc"
    _log_access = False
    _rec_name = "channel"

    channel = fields.Selection([("email", "E-mail"), ("phone", "Phone")], required=True, readonly=True)
    purpose_id = fields.Many2one(
        "hospitality.purpose", readonly=True, ondelete="restrict", help="Empty: every purpose that needs consent."
    )
    digest = fields.Char(required=True, readonly=True, size=64, groups="base.group_system")
    reason = fields.Selection(REASONS, required=True, readonly=True)
    created_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    lifted_at = fields.Datetime(readonly=True, help="The owner of the address has asked for messages again.")

    _digest_idx = models.Index("(digest)")
    _digest_uniq = models.UniqueIndex(
        "(digest, channel, coalesce(purpose_id, 0)) WHERE lifted_at IS NULL", "This address is suppressed already."
    )

    @api.model
    def _digest(self, channel, values):
        """Return the keyed hash of each address: ``{value: digest}``.

        :raise UserError: there is no usable key
        """
        secret = self.env["hospitality.privacy"]._get_secret("suppression")
        return {value: hmac.new(secret, f"{channel}:{value}".encode(), hashlib.sha256).hexdigest() for value in values}

    @api.model
    @tools.ormcache(cache="stable")
    def _is_used(self):
        """Tell whether any address was ever suppressed: nothing is hashed before."""
        return bool(self.env.execute_query(SQL("SELECT FROM hospitality_suppression LIMIT 1")))

    @api.model
    def _suppress(self, addresses, reason, purpose=None):
        """Suppress addresses for a purpose, or for all that need consent.

        :param addresses: iterable of ``(channel, normalised value)``
        :return: number of addresses
        """
        by_channel = {}
        for channel, value in addresses:
            by_channel.setdefault(channel, set()).add(value)
        total = 0
        for channel, values in by_channel.items():
            digests = self._digest(channel, sorted(values))
            self.env.execute_query(
                SQL(
                    """INSERT INTO hospitality_suppression (channel, purpose_id, digest, reason, created_at)
                       SELECT %s, %s, d, %s, now() AT TIME ZONE 'UTC' FROM unnest(%s::text[]) AS d
                           ON CONFLICT DO NOTHING RETURNING id""",
                    channel,
                    purpose.id if purpose else None,
                    reason,
                    list(digests.values()),
                )
            )
            self.env.cr.execute(
                SQL(
                    """UPDATE hospitality_contact_point p SET suppression = d.digest
                         FROM unnest(%s::text[], %s::text[]) AS d(value, digest)
                        WHERE p.channel = %s AND p.value = d.value AND p.suppression IS DISTINCT FROM d.digest""",
                    list(digests),
                    list(digests.values()),
                    channel,
                )
            )
            total += len(digests)
        if total:
            self.env["hospitality.contact.point"].invalidate_model(["suppression"], flush=False)
            self.env.registry.clear_cache("stable")
        return total

    @api.model
    def _match(self, pairs, purpose=None):
        """Return which addresses are or were suppressed: ``{(channel, value): digest}``.

        :param purpose: only what is suppressed now, for this ``hospitality.purpose`` (an empty one: for all)
        """
        if not pairs or not self._is_used():
            return {}
        wanted = {}
        for channel in ("email", "phone"):
            digests = self._digest(channel, [value for one, value in pairs if one == channel])
            wanted |= {(channel, value): digest for value, digest in digests.items()}
        condition = SQL("TRUE")
        if purpose is not None:
            condition = SQL("lifted_at IS NULL AND (purpose_id IS NULL OR purpose_id = %s)", purpose.id or None)
        query = SQL(
            "SELECT DISTINCT digest FROM hospitality_suppression WHERE digest = ANY(%s) AND %s",
            list(wanted.values()),
            condition,
        )
        found = {row[0] for row in self.env.execute_query(query)}
        return {pair: digest for pair, digest in wanted.items() if digest in found}

    @api.model
    def _get_suppressed_points(self, purpose_id=None):
        """Return the SQL of the ids of contact points that may not be used for a purpose. For the gate."""
        return SQL(
            """SELECT sp.id FROM hospitality_contact_point sp
                 JOIN hospitality_suppression s ON s.digest = sp.suppression
                WHERE sp.suppression IS NOT NULL AND s.lifted_at IS NULL AND s.channel = sp.channel
                  AND (s.purpose_id IS NULL OR s.purpose_id = %s)""",
            purpose_id,
        )

    @api.model
    def _lift(self, addresses):
        """Lift what was suppressed: the owner has agreed again and proven that the address is his."""
        digests = [digest for channel, value in addresses for digest in self._digest(channel, [value]).values()]
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_suppression SET lifted_at = now() AT TIME ZONE 'UTC'"
                " WHERE digest = ANY(%s) AND lifted_at IS NULL",
                digests,
            )
        )
        self.invalidate_model(["lifted_at"], flush=False)
