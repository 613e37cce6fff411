from odoo import api, models
from odoo.tools import SQL

#: First key of the advisory lock under which links of a mailing are made; the second one is its id.
LOCK = 0x4C4E4B


class LinkTracker(models.Model):
    _inherit = "link.tracker"

    @api.model
    def search_or_create(self, vals_list):
        """Look a link of a mailing up once per lane, not once per mail.

        Lanes make new links one after the other, so that each exists once.
        """
        known = self.env.context.get("hospitality_link_cache")
        if known is None or not isinstance(vals_list, list):
            return super().search_or_create(vals_list)
        keys = [tuple(sorted(vals.items())) for vals in vals_list]
        missing = {key: vals for key, vals in zip(keys, vals_list, strict=True) if key not in known}
        if missing:
            mailing_id = next(iter(missing.values())).get("mass_mailing_id") or 0
            self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, %s)", LOCK, mailing_id))
            # The title would be fetched from the web; what differs from guest to guest isn't worth that.
            values = [{"title": vals["url"], **vals} for vals in missing.values()]
            for key, tracker in zip(missing, super().search_or_create(values), strict=True):
                known[key] = tracker.id, tracker.short_url
        trackers = self.browse([known[key][0] for key in keys])
        short_url = self._fields["short_url"]
        for tracker, key in zip(trackers, keys, strict=True):
            short_url._update_cache(tracker, known[key][1])
        return trackers
