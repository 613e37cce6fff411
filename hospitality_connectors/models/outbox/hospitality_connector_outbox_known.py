from odoo import api, models
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.arrays import pg_int_array

from .hospitality_connector_outbox_values import CHANNELS


class HospitalityConnectorOutbox(models.Model):
    """What sources don't know yet of guests that were merged, taken apart, or met by a source for the first time."""

    _inherit = "hospitality.connector.outbox"

    @api.model
    def _tell_known(self, partner_ids):
        """Have sources told what is known of guests and they weren't told about before.

        :return: number of rows that wait now
        """
        Connector = self.env["hospitality.connector"]
        if not partner_ids or not Connector._get_teller_ids():
            return 0
        self._note_moved(partner_ids)
        facts = {
            "vip": SQL("SELECT partner_id, '' AS topic FROM hospitality_alert WHERE active AND kind = 'vip'"),
            "alert": SQL("SELECT partner_id, kind AS topic FROM hospitality_alert WHERE active AND kind <> 'vip'"),
            "allergy": SQL("SELECT partner_id, '' AS topic FROM hospitality_allergy WHERE active AND kind <> 'none'"),
            "preference": SQL(
                "SELECT f.partner_id, t.code AS topic FROM hospitality_preference f"
                " JOIN hospitality_preference_type t ON t.id = f.type_id WHERE t.code IS NOT NULL"
            ),
            "tier": SQL(
                "SELECT p.partner_id, m ->> 'program' AS topic FROM hospitality_profile p"
                " JOIN hospitality_source s ON s.id = p.source_id AND s.code = 'odoo',"
                " jsonb_array_elements(p.\"values\" -> 'memberships') AS m"
                " WHERE p.state = 'live' AND p.\"values\" ? 'memberships' AND m ->> 'program' = %s",
                self.env["res.partner"]._get_programme(),
            ),
        }
        count = 0
        for kind, query in facts.items():
            connectors = Connector._get_tellers(kind)
            if not connectors:
                continue
            self.env.flush_all()
            count += self._note(
                SQL(
                    "SELECT t.connector_id, p.id, p.partner_id, %s AS kind, f.topic"
                    " FROM hospitality_profile p"
                    " JOIN (%s) t ON t.source_id = p.source_id AND t.place = %s"
                    " JOIN (%s) f ON f.partner_id = p.partner_id"
                    " WHERE p.partner_id = ANY(%s::int[]) AND p.state = 'live'",
                    kind,
                    self._get_teller_rows(connectors),
                    self._get_place(connectors),
                    query,
                    pg_int_array(sorted(set(partner_ids))),
                ),
                again=False,
            )
        return count + self._tell_consents(partner_ids, again=False)

    @api.model
    def _tell_consents(self, partner_ids, again=True):
        """Have sources told of consents to marketing that they haven't delivered themselves.

        :param bool again: also those that were told already
        :return: number of rows that wait now
        """
        connectors = self.env["hospitality.connector"]._get_tellers("consent")
        if not connectors or not partner_ids:
            return 0
        self.env.flush_all()
        return self._note(
            SQL(
                "SELECT t.connector_id, p.id, p.partner_id, 'consent' AS kind, s.channel"
                " FROM hospitality_profile p"
                " JOIN (%s) t ON t.source_id = p.source_id AND t.place = %s"
                " LEFT JOIN hospitality_property h ON h.id = p.property_id"
                " JOIN hospitality_consent_state s ON s.partner_id = p.partner_id"
                " AND (s.brand_id IS NULL OR s.brand_id = h.brand_id)"
                " JOIN hospitality_purpose u ON u.id = s.purpose_id AND u.is_marketing"
                " JOIN hospitality_consent_event e ON e.id = s.event_id"
                " AND (e.profile_id <> p.id OR e.external_ref IS NULL)"
                " WHERE p.partner_id = ANY(%s::int[]) AND p.state = 'live' AND s.state IN ('granted', 'denied')"
                " AND s.channel = ANY(%s)",
                self._get_teller_rows(connectors),
                self._get_place(connectors),
                pg_int_array(sorted(set(partner_ids))),
                list(CHANNELS),
            ),
            again=again,
        )

    @api.model
    def _note_moved(self, partner_ids):
        """Have what was told of a profile told again when it belongs to another guest now."""
        rows = self.env.execute_query(
            SQL(
                "UPDATE hospitality_connector_outbox o SET state = 'waiting', revision = o.revision + 1,"
                " for_partner_id = p.partner_id, noted_at = now() AT TIME ZONE 'UTC',"
                " next_at = now() AT TIME ZONE 'UTC', attempts = 0, conflicts = 0"
                " FROM hospitality_profile p WHERE p.id = o.profile_id AND p.partner_id = ANY(%s::int[])"
                " AND o.for_partner_id IS DISTINCT FROM p.partner_id RETURNING o.id",
                pg_int_array(sorted(set(partner_ids))),
            )
        )
        if rows:
            self.invalidate_model(flush=False)
            self.env["hospitality.connector"]._wake_readers()
