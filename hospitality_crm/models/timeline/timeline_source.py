from collections.abc import Callable
from dataclasses import dataclass, field

from odoo.fields import Domain


def _of_partner(partner_ids):
    return Domain("partner_id", "in", partner_ids)


@dataclass(frozen=True)
class TimelineSource:
    """Where the entries of one kind come from.

    :param model: model of the entries
    :param time: its date or datetime field that orders them; an index on (guest, time) must exist
    :param columns: name to path (``status``, ``room_id.code``) of what ``render`` needs; a
        column that the user has no right to is left out. The names ``amount`` and
        ``currency_id`` are passed on to the screen.
    :param render: ``render(time, columns) -> dict`` with ``icon`` (Font Awesome class),
        ``tone`` (Bootstrap colour), ``title``, ``subtitle`` (list of texts), ``badge``, and
        where useful ``clock`` (HH:MM) and ``until`` (date)
    :param guest_domain: condition on the entries of a list of partner ids
    :param domain: condition on all entries of this kind
    """

    model: str
    time: str
    columns: dict
    render: Callable
    guest_domain: Callable = _of_partner
    domain: Domain = field(default=Domain.TRUE)
