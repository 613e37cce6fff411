from odoo import api, models


class HospitalityTouch(models.AbstractModel):
    """A record that counts in the metrics of guests: who writes it through the ORM queues them.

    Bulk writes queue the guests themselves, once per batch.
    """

    _name = "hospitality.touch"
    _description = "Counts in the metrics of guests"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._queue_guests()
        return records

    def write(self, vals):
        before = self._get_touched_guests()
        result = super().write(vals)
        self._queue_guests(before)
        return result

    def unlink(self):
        before = self._get_touched_guests()
        result = super().unlink()
        self.browse()._queue_guests(before)
        return result

    def _queue_guests(self, before=()):
        self.env["hospitality.guest.dirty"]._mark({*before, *self._get_touched_guests()})

    def _get_touched_guests(self):
        """Return the ids of the guests whose metrics depend on these records, also of those the user may not see."""
        return set(self.sudo().partner_id.ids)  # ids go to the queue, not to the user
