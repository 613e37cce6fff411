from collections.abc import Callable
from dataclasses import dataclass

from odoo.fields import Domain


@dataclass(frozen=True)
class GuestSubject:
    """Something that a screen shows of guests, read together with the other subjects.

    :param model: model to read
    :param columns: name of the value -> path, see ``tools.select_rows.Columns``; dates arrive as text
    :param domain: condition beside the guest
    :param guest_field: field that holds the guest
    :param guest_domain: condition on a list of guest ids, where it is not ``guest_field`` alone;
        such a subject is read for one guest at a time
    :param archived: whether archived records count
    :param order: order of the rows, with ``limit`` the newest of one guest
    :param limit: most rows
    """

    model: str
    columns: dict
    domain: Domain = Domain.TRUE
    guest_field: str = "partner_id"
    guest_domain: Callable | None = None
    archived: bool = False
    order: str | None = None
    limit: int | None = None

    def get_domain(self, partner_ids):
        guests = self.guest_domain(partner_ids) if self.guest_domain else Domain(self.guest_field, "in", partner_ids)
        return guests & self.domain
