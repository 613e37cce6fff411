from odoo import models
from odoo.exceptions import UserError


class HospitalityTransition(models.AbstractModel):
    """Buttons that move a visit from status to status. None is final: *Reinstate* takes every one back.

    Imports write the status as the source says; only people are guided.
    """

    _name = "hospitality.transition"
    _description = "Status changed by people"

    def _move_to(self, status, allowed, **values):
        """Set the status of visits that are in one of the allowed ones.

        :param str status: the new status
        :param tuple allowed: statuses from which this makes sense
        :param values: what else to write
        :raise UserError: names a visit that is somewhere else by now
        """
        labels = dict(self._fields["status"]._description_selection(self.env))
        for visit in self:
            if visit.status not in allowed:
                raise UserError(
                    self.env._(
                        "%(visit)s is “%(status)s” and can't become “%(new)s”. Reload to see what has changed, or "
                        "reinstate it first.",
                        visit=visit.display_name,
                        status=labels.get(visit.status),
                        new=labels[status],
                    )
                )
        return self.write({"status": status, **values})

    def _take_back(self, steps):
        """Undo the last step of each visit.

        :param dict steps: status -> values of the status before
        :raise UserError: where there is nothing to take back
        """
        for visit in self:
            if visit.status not in steps:
                raise UserError(
                    self.env._(
                        "There is nothing to take back: %(visit)s is “%(status)s”.",
                        visit=visit.display_name,
                        status=dict(visit._fields["status"]._description_selection(self.env)).get(visit.status),
                    )
                )
        for status, visits in self.grouped("status").items():
            visits.write(steps[status])
        return True

    def _get_today(self):
        """Return the current business date of the property of a visit."""
        return self.property_id._get_business_dates()[self.property_id.id]
