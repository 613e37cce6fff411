from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.contact import kind_of, normalise_email, normalise_phone

# Names are counted up to here: beyond it a number more says nothing new.
NAME_CAP = 50
# A value seen with more names than this belongs to no single person or family.
SHARED_ABOVE = 4
# So many guests are resolved again at once; more of them in the background.
AT_ONCE = 200
_USER_FIELDS = frozenset({"kind", "reachable"})


class HospitalityContactPoint(models.Model):
    """An e-mail address, telephone number or messenger handle, once for all who use it.

    Whether it stands for a person is a property of the value: ``name_count`` is the number of
    distinct names seen with it (counted up to a cap), ``kind`` what the lists and that degree
    make of it. Only *real* points identify a guest; a *relay* is never anybody's primary.
    ``reachable`` turns false when the value is blacklisted.
    """

    _name = "hospitality.contact.point"
    _description = "Contact Point"
    _order = "channel, value, id"
    _rec_name = "value"
    _log_access = False

    channel = fields.Selection([("email", "E-mail"), ("phone", "Phone"), ("messenger", "Messenger")], required=True)
    value = fields.Char(required=True, help="Normalised: lower-case e-mail, E.164 number.")
    kind = fields.Selection(
        [
            ("real", "Personal"),
            ("relay", "OTA Relay"),
            ("shared", "Agency or Shared"),
            ("reception", "Our Own"),
            ("junk", "Placeholder"),
        ],
        required=True,
        default="real",
    )
    kind_by = fields.Selection(
        [("list", "List"), ("degree", "Number of Names"), ("user", "User")], required=True, default="list"
    )
    name_count = fields.Integer(string="Distinct Names", default=0)
    reachable = fields.Boolean(default=True)
    link_ids = fields.One2many("hospitality.contact.link", "point_id", string="Profiles")
    suppression = fields.Char(
        size=64,
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Hash under which the address is or was suppressed; see hospitality.suppression.",
    )

    _value_uniq = models.Constraint("UNIQUE (channel, value)", "This contact point exists already: link it instead.")

    @api.model_create_multi
    def create(self, vals_list):
        own = self._get_own_values()
        for vals in vals_list:
            if "kind" not in vals:
                vals["kind"] = kind_of(vals.get("channel"), vals.get("value"), own)
        return super().create(vals_list)

    def write(self, vals):
        """People may say what a point is and whether it works; their word then stays."""
        if not self.env.su and not vals.keys() <= _USER_FIELDS:
            raise UserError(
                self.env._("Of a contact point only the kind and whether it can be reached may be changed.")
            )
        if "kind" in vals and "kind_by" not in vals:
            vals = {**vals, "kind_by": "user"}
        result = super().write(vals)
        if vals.keys() & _USER_FIELDS:
            self._refresh_guests()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        Link = self.env["hospitality.contact.link"].sudo()  # links that the user may not see count too
        if Link.search_count([("point_id", "in", self.ids)], limit=1):
            raise UserError(self.env._("Source profiles use this contact point. It goes when the last of them does."))

    @api.model
    def _set_reachable(self, channel, values, reachable):
        """Say whether values can be reached and resolve the guests that use them again."""
        points = self.sudo().search(  # the blacklist decides, whoever may write it
            [("channel", "=", channel), ("value", "in", values), ("reachable", "!=", reachable)]
        )
        points.write({"reachable": reachable})

    @api.model
    def _get_own_values(self):
        """Return the e-mail addresses and numbers of our properties and companies, normalised."""
        self.env["res.partner"].flush_model(["email", "phone", "country_id"])
        self.env["hospitality.property"].flush_model(["address_id"])
        return self._normalise_own(self.env.execute_query(self._get_own_sql()))

    @api.model
    def _get_own_sql(self):
        """Return the query of e-mail address, number and country code of our houses."""
        return SQL(
            """SELECT p.email, p.phone, c.code AS country
                 FROM res_partner p LEFT JOIN res_country c ON c.id = p.country_id
                WHERE p.id IN (%s)""",
            self._get_own_partners_sql(),
        )

    @api.model
    def _get_own_partners_sql(self):
        """Return the query of the partners that stand for our houses."""
        return SQL(
            "SELECT partner_id FROM res_company"
            " UNION SELECT address_id FROM hospitality_property WHERE address_id IS NOT NULL"
        )

    @api.model
    def _normalise_own(self, rows):
        values = {normalise_email(email) for email, _phone, _country in rows}
        values.update(normalise_phone(phone, country) for _email, phone, country in rows)
        return frozenset(values - {None})

    @api.model
    def _mark_own(self):
        """Make the addresses and numbers of our own houses *reception*, unless a user said otherwise."""
        points = self.sudo().search(  # what is ours follows from the properties, whoever may write points
            [
                ("channel", "in", ["email", "phone"]),
                ("value", "in", list(self._get_own_values())),
                ("kind", "!=", "reception"),
                ("kind_by", "!=", "user"),
            ]
        )
        points.write({"kind": "reception", "kind_by": "list"})

    @api.model
    def _get_or_create(self, pairs):
        """Return the ids of the points of these values, created where they are new.

        Safe against another transaction that creates the same point: PostgreSQL then reports a
        serialization failure and the request is run again.

        :param pairs: iterable of ``(channel, value)``
        :return: dict ``{(channel, value): id}``
        """
        pairs = sorted(set(pairs))
        if not pairs:
            return {}
        self.flush_model(["channel", "value"])
        found = self._find(pairs)
        missing = [pair for pair in pairs if pair not in found]
        if missing:
            own = self._get_own_values()
            suppressed = self.env["hospitality.suppression"]._match(missing)
            self.env.execute_query(
                SQL(
                    """INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, name_count, suppression,
                                                              reachable)
                       SELECT n.channel, n.value, n.kind, 'list', 0, n.suppression,
                              NOT EXISTS (SELECT 1 FROM mail_blacklist b
                                           WHERE n.channel = 'email' AND b.email = n.value AND b.active)
                          AND NOT EXISTS (SELECT 1 FROM phone_blacklist b
                                           WHERE n.channel = 'phone' AND b.number = n.value AND b.active)
                         FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
                              AS n (channel, value, kind, suppression)
                           ON CONFLICT (channel, value) DO NOTHING RETURNING id""",
                    [channel for channel, _value in missing],
                    [value for _channel, value in missing],
                    [kind_of(channel, value, own) for channel, value in missing],
                    [suppressed.get(pair) for pair in missing],
                )
            )
            found.update(self._find(missing))
        return found

    @api.model
    def _find(self, pairs):
        # Locked against deletion until the transaction ends: links have no foreign key.
        return {
            (channel, value): point_id
            for channel, value, point_id in self.env.execute_query(
                SQL(
                    """SELECT p.channel, p.value, p.id FROM hospitality_contact_point p
                         JOIN unnest(%s::text[], %s::text[]) AS n (channel, value)
                           ON p.channel = n.channel AND p.value = n.value
                        ORDER BY p.id FOR KEY SHARE OF p""",
                    [channel for channel, _value in pairs],
                    [value for _channel, value in pairs],
                )
            )
        }

    def _recount(self):
        """Count the distinct names of the points and see which have become shared.

        Names are read from the index one by one, at most ``NAME_CAP + 1`` per point, so a
        number with 100,000 guests costs no more than one with 50.

        :return: points that are shared from now on
        """
        if not self:
            return self
        self.env["hospitality.contact.link"].flush_model(["point_id", "name_key"])
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                WITH counted AS (
                    SELECT p.id, LEAST(n.names, %(cap)s) AS names,
                           p.kind = 'real' AND p.kind_by <> 'user' AND n.names > %(shared)s AS tips
                      FROM hospitality_contact_point p,
                           LATERAL (
                               WITH RECURSIVE seen AS (
                                   (SELECT l.name_key, 1 AS nth FROM hospitality_contact_link l
                                     WHERE l.point_id = p.id ORDER BY l.name_key LIMIT 1)
                                   UNION ALL
                                   SELECT (SELECT l.name_key FROM hospitality_contact_link l
                                            WHERE l.point_id = p.id AND l.name_key > seen.name_key
                                            ORDER BY l.name_key LIMIT 1), nth + 1
                                     FROM seen WHERE seen.name_key IS NOT NULL AND nth <= %(cap)s + 1
                               )
                               SELECT count(*) AS names FROM seen WHERE name_key <> 0
                           ) n
                     WHERE p.id = ANY(%(ids)s)
                )
                UPDATE hospitality_contact_point p
                   SET name_count = c.names,
                       kind = CASE WHEN c.tips THEN 'shared' ELSE p.kind END,
                       kind_by = CASE WHEN c.tips THEN 'degree' ELSE p.kind_by END
                  FROM counted c
                 WHERE c.id = p.id AND (p.name_count IS DISTINCT FROM c.names OR c.tips)
             RETURNING p.id, c.tips
                """,
                cap=NAME_CAP,
                shared=SHARED_ABOVE,
                ids=self.ids,
            )
        )
        self.invalidate_recordset(["name_count", "kind", "kind_by"])
        return self.browse([point_id for point_id, tips in rows if tips])

    def _refresh_guests(self):
        """Resolve the golden values of the guests that use the points: few at once, many later."""
        if not self:
            return
        self.env["res.partner"].flush_model(["is_guest"])
        self.env["hospitality.profile"].flush_model(["partner_id"])
        self.env["hospitality.contact.link"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT g.id FROM hospitality_contact_link l
                     JOIN hospitality_profile p ON p.id = l.profile_id
                     JOIN res_partner g ON g.id = p.partner_id
                    WHERE l.point_id = ANY(%s) AND g.is_guest""",
                self.ids,
            )
        )
        partner_ids = sorted(row[0] for row in rows)
        if len(partner_ids) <= AT_ONCE:
            self.env["res.partner"].browse(partner_ids)._refresh_golden()
        else:
            self.env["hospitality.golden.queue"]._add(partner_ids)
