from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import names
from ...engine.profile import clean, points
from ...tools.soft_many2one import SoftMany2one

_GUEST_KINDS = frozenset({"person"})
_COMPANY_KINDS = frozenset({"company", "agency"})
# A write of one of these may change contact points or golden values.
_RESOLVING_FIELDS = frozenset({"values", "meta", "state", "kind", "partner_id", "source_id", "property_id", "seen_at"})


class HospitalityProfile(models.Model):
    """One guest as one source system knows him.

    ``golden`` values of the guest are decided by survivorship over the live profiles of the
    cluster. ``values`` holds the canonical values (keys: see ``engine.survivorship.FIELDS``) in
    the form of ``engine.profile.clean``, ``meta`` who wrote a single value and when, where that
    differs from the profile as a whole (profile of source ``odoo``):
    ``{"phones": {"by": "staff", "at": 1764000000.0, "uid": 7}}``.

    States: *live* takes part in survivorship; *superseded* still counts and is found, but comes
    after the guest's own (the ``odoo`` profile of a guest that was merged away); *gone* was deleted
    in the source; *anonymised* keeps its key so that the next sync doesn't bring the person back.

    A profile that is created without a guest is attached to the one guest who shares a real
    contact point and has a compatible name, else it becomes a new guest.
    """

    _name = "hospitality.profile"
    _description = "Source Profile"
    _inherit = ["hospitality.sourced"]
    _order = "partner_id, id"
    _log_access = False

    partner_id = fields.Many2one("res.partner", string="Guest", required=True, ondelete="restrict")
    state = fields.Selection(
        [
            ("live", "Live"),
            ("superseded", "Superseded"),
            ("gone", "Deleted in the Source"),
            ("anonymised", "Anonymised"),
        ],
        required=True,
        default="live",
    )
    kind = fields.Selection(
        [("person", "Person"), ("company", "Company"), ("agency", "Agency"), ("group", "Group")],
        required=True,
        default="person",
    )
    property_id = SoftMany2one("hospitality.property")
    name = fields.Char()
    name_key = fields.Integer(help="Hash of the folded name, to count the distinct names of a contact point.")
    values = fields.Json(default=dict)
    meta = fields.Json()
    seen_at = fields.Datetime(string="Last Changed", default=fields.Datetime.now, required=True)
    link_ids = fields.One2many("hospitality.contact.link", "profile_id", string="Contact Points")
    has_wishes = fields.Boolean(readonly=True, copy=False, help="The source has told preferences, allergies or diets.")
    redirect_id = SoftMany2one(
        "hospitality.profile", string="Merged in the Source into", readonly=True, copy=False, ondelete="set null"
    )
    redirect_version = fields.Float(readonly=True, copy=False, help="Version of what the source said last about it.")
    redirect_merge_id = SoftMany2one("hospitality.merge", readonly=True, copy=False, ondelete="set null")

    _membership_idx = models.Index(
        """USING gin (("values" -> 'memberships') jsonb_path_ops) WHERE "values" ? 'memberships'"""
    )
    _redirect_idx = models.Index("(redirect_id) WHERE redirect_id IS NOT NULL")

    # Matching asks for dozens of guests of profiles, and profiles of guests: without a look at their wide rows.
    _guest_idx = models.Index("(id) INCLUDE (partner_id, state)")
    _partner_idx = models.Index("(partner_id) INCLUDE (id, state, source_id)")

    @api.depends("name", "source_id", "partner_id.name")
    def _compute_display_name(self):
        for profile in self:
            name = profile.name or profile.partner_id.name
            profile.display_name = " · ".join(filter(None, [name, profile.source_id.name]))

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_erased(vals_list)
        vals_list = [self._prepare_values({"values": {}, **vals}) for vals in vals_list]
        self._complete_guests(vals_list)
        profiles = super().create(vals_list)
        profiles._sync_points()
        profiles._after_change()
        return profiles

    @api.model
    def _refuse_erased(self, vals_list):
        """Refuse keys of sources that belong to erased guests."""
        Tombstone = self.env["hospitality.tombstone"].sudo()  # whether a key is erased, whoever asks
        by_source = {}
        for vals in vals_list:
            if vals.get("source_id") and vals.get("external_id"):
                by_source.setdefault(vals["source_id"], []).append(vals["external_id"])
        for source_id, external_ids in by_source.items():
            Tombstone._refuse(self.env["hospitality.source"].sudo().browse(source_id), external_ids)  # its name

    def write(self, vals):
        before = {profile: profile._get_point_key() for profile in self} if "values" in vals else {}
        if "values" in vals:
            for country, profiles in self.grouped(lambda p: p._get_phone_country()).items():
                super(HospitalityProfile, profiles).write(self._prepare_values(vals, country))
            result = True
        else:
            result = super().write(vals)
        if not vals.keys() & _RESOLVING_FIELDS:
            return result
        if "partner_id" in vals:
            self._move_shortcuts()
        self.filtered(lambda profile: profile in before and before[profile] != profile._get_point_key())._sync_points()
        self._after_change()
        return result

    def unlink(self):
        """Take the contact links along: no foreign key does."""
        self.link_ids.unlink()
        return super().unlink()

    def _get_point_key(self):
        """Return what the contact points of a profile depend on."""
        return self.name_key, points(self.values or {})

    @api.model
    def _prepare_values(self, vals, country=None):
        """Return ``vals`` with clean canonical values and what follows from them."""
        if "values" not in vals and "name" not in vals:
            return vals
        if country is None:
            country = self.new(
                {"source_id": self._default_source_id().id}
                | {key: vals[key] for key in ("property_id", "source_id", "partner_id") if key in vals}
            )._get_phone_country()
        values = clean(vals.get("values") or {"name": vals.get("name")}, country)
        name = values.get("name") or False
        return {**vals, "values": values, "name": name, "name_key": names.name_key(name)}

    def _get_phone_country(self):
        """Return the ISO code of the country of this profile's numbers without a country code."""
        prop = self.property_id or self.source_id.property_id
        country = prop.country_id or (self.source_id.kind == "odoo" and self.partner_id.country_id)
        return (country or self.env.company.country_id).code or ""

    @api.model
    def _complete_guests(self, vals_list):
        """Give each dict of values a guest, in place: the given, the found or a new one."""
        Partner = self.env["res.partner"]
        odoo = self._default_source_id()
        targets = Partner.browse(
            {vals["partner_id"] for vals in vals_list if vals.get("partner_id")}
        )._get_merged_targets()
        for vals in vals_list:
            if vals.get("partner_id"):
                vals["partner_id"] = targets[vals["partner_id"]]
        given = Partner.browse(
            vals["partner_id"]
            for vals in vals_list
            if vals.get("partner_id") and vals.get("source_id", odoo.id) != odoo.id
        )
        # What the contact says so far must not be lost to the first source profile.
        given._adopt_if_unknown()
        for vals in vals_list:
            if vals.get("partner_id"):
                continue
            source = self.env["hospitality.source"].browse(vals.get("source_id", odoo.id))
            guest = self._find_guest(vals.get("values") or {}, vals.get("kind", "person"), source.code or "")
            vals["partner_id"] = (guest or self._create_guest(vals)).id

    @api.model
    def _find_guest(self, values, kind="person", source=""):
        """Return the guest that a new profile belongs to, as `hospitality.matcher` decides.

        :param dict values: clean canonical values
        :param str kind: kind of profile
        :param str source: code of its source
        :return: ``res.partner``, empty when he is not known
        """
        self.env.flush_all()
        matcher = self.env["hospitality.matcher"]
        newcomer = matcher._prepare("", values, kind, source)
        matcher._attach([newcomer])
        self.env["hospitality.bulk.profile"]._follow_merges([newcomer])
        return self.env["res.partner"].browse(newcomer.partner_id or ())

    @api.model
    def _create_guest(self, vals):
        """Create the guest of a profile that is about to be created."""
        Partner = self.env["res.partner"]
        values = vals.get("values") or {}
        kind = vals.get("kind", "person")
        pairs = points(values)
        ids = self.env["hospitality.contact.point"]._get_or_create(pairs)
        found = self.env["hospitality.contact.point"].browse(ids.values())
        profile = {
            "profile_id": 0,
            "trust": 0,
            "at": 0.0,
            "kind": kind,
            "values": values,
            "meta": vals.get("meta"),
            "points": {point.value: (point.kind, point.reachable) for point in found},
        }
        columns = Partner._resolve_columns([profile])
        columns.setdefault("name", self.env._("Unknown guest"))
        return Partner.with_context(**Partner._survivorship_context()).create(
            {
                **columns,
                "is_guest": kind in _GUEST_KINDS,
                "is_company": kind in _COMPANY_KINDS,
            }
        )

    def _sync_points(self):
        """Make the contact points of the profiles those of their values, primary ones first."""
        if not self:
            return
        Link = self.env["hospitality.contact.link"]
        wanted = {}
        for profile in self:
            counts = {}
            for channel, value in points(profile.values or {}):
                sequence = counts[channel] = counts.get(channel, -1) + 1
                wanted[profile.id, channel, value] = sequence
        ids = self.env["hospitality.contact.point"]._get_or_create((channel, value) for _id, channel, value in wanted)
        wanted = {(profile, ids[channel, value]): sequence for (profile, channel, value), sequence in wanted.items()}
        touched = set()
        stale = Link
        for link in Link.search([("profile_id", "in", self.ids)]):
            sequence = wanted.pop((link.profile_id.id, link.point_id.id), None)
            if sequence is None:
                touched.add(link.point_id.id)
                stale += link
                continue
            vals = {"sequence": sequence} if link.sequence != sequence else {}
            if link.name_key != link.profile_id.name_key:
                vals["name_key"] = link.profile_id.name_key
                touched.add(link.point_id.id)
            if vals:
                link.write(vals)
        stale.unlink()
        by_id = {profile.id: profile for profile in self}
        Link.create(
            [
                {
                    "profile_id": profile_id,
                    "point_id": point_id,
                    "sequence": sequence,
                    "name_key": by_id[profile_id].name_key,
                }
                for (profile_id, point_id), sequence in wanted.items()
            ]
        )
        touched.update(point_id for _profile_id, point_id in wanted)
        self.env["hospitality.contact.point"].browse(sorted(touched))._recount()._refresh_guests()

    def _after_change(self):
        """Bring the guests up to date: guest or not, golden values, derived data."""
        partners = self.partner_id
        odoo = self._default_source_id()
        self.filtered(
            lambda p: p.state == "live" and p.kind in _GUEST_KINDS and p.source_id != odoo
        ).partner_id._mark_guests()
        if self.env.context.get("hospitality_keep_golden"):
            return
        partners._refresh_golden()
        self.env["hospitality.guest.dirty"]._mark(partners.ids)

    @api.model
    def _get_shortcuts(self):
        """Return the stored pairs of a profile and its guest: ``(model, profile field, guest field)``."""
        return [
            (model_name, field.name, field.name.replace("profile_id", "partner_id"))
            for model_name, model in self.env.registry.items()
            if model._auto and not model._abstract and not model._transient
            for field in model._fields.values()
            if field.type == "many2one"
            and field.store
            and field.comodel_name == self._name
            and field.name.endswith("profile_id")
            and (partner := model._fields.get(field.name.replace("profile_id", "partner_id")))
            and partner.store
        ]

    def _move_shortcuts(self):
        """Let the facts of the profiles point at the guest they belong to now.

        :return: per name of a model the ids of its records that were moved
        """
        self.flush_recordset(["partner_id"])
        moved = {}
        for model_name, profile_field, partner_field in self._get_shortcuts():
            model = self.env[model_name]
            model.flush_model([profile_field, partner_field])
            rows = self.env.execute_query(
                SQL(
                    """UPDATE %(table)s f SET %(partner)s = p.partner_id
                         FROM hospitality_profile p
                        WHERE p.id = f.%(profile)s AND p.id = ANY(%(ids)s)
                          AND f.%(partner)s IS DISTINCT FROM p.partner_id
                    RETURNING f.id""",
                    table=SQL.identifier(model._table),
                    partner=SQL.identifier(partner_field),
                    profile=SQL.identifier(profile_field),
                    ids=self.ids,
                )
            )
            model.invalidate_model([partner_field])
            moved.setdefault(model_name, []).extend(row[0] for row in rows)
        return moved
