from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# Days around today whose boards are looked at; an import of history wakes nobody.
DAYS_BACK = 1
DAYS_AHEAD = 2


class HospitalityBoardNotice(models.AbstractModel):
    """Tell the open boards of a property that a visit near today has changed.

    The notice carries the property's id alone: every board then asks for what its user may see.
    """

    _name = "hospitality.board.notice"
    _description = "Live refresh of the arrivals board"

    @api.model
    def _get_board_days(self):
        """Return the names of the fields with the first and the last day of the visit."""
        raise NotImplementedError

    @api.model_create_multi
    def create(self, vals_list):
        visits = super().create(vals_list)
        visits._notify_boards()
        return visits

    def write(self, vals):
        # Before the change too: a visit may leave the day or the property it was shown on.
        self._notify_boards()
        result = super().write(vals)
        self._notify_boards()
        return result

    @api.model
    def _after_bulk_upsert(self, ids):
        result = super()._after_bulk_upsert(ids)
        self._notify_boards_of(ids)
        return result

    @api.model
    def _get_watched_days(self):
        today = fields.Date.today()
        return today - timedelta(days=DAYS_BACK), today + timedelta(days=DAYS_AHEAD)

    def _notify_boards(self):
        """Notify the boards of the properties that have one of these visits near today."""
        first, last = self._get_watched_days()
        begin, end = self._get_board_days()
        self._send_board_notices(
            visit.property_id.id
            for visit in self
            if visit[begin] and visit[begin] <= last and visit[end] and visit[end] >= first
        )

    @api.model
    def _notify_boards_of(self, ids):
        """Same as :meth:`_notify_boards` for rows that were written by SQL."""
        if not ids:
            return
        first, last = self._get_watched_days()
        begin, end = self._get_board_days()
        first_text, last_text = str(first), str(last)
        written, unknown, property_ids = self.env.context.get("bulk_rows") or {}, [], set()
        for id_ in ids:
            row = written.get(id_)
            if row is None:
                unknown.append(id_)
            elif row[begin] <= last_text and row[end] >= first_text:
                property_ids.add(row["property_id"])
        if unknown:
            property_ids.update(self._read_board_properties(unknown, first, last))
        self._send_board_notices(property_ids)

    @api.model
    def _read_board_properties(self, ids, first, last):
        """Return the properties that have one of these visits between two days."""
        begin, end = self._get_board_days()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT property_id FROM %s WHERE id = ANY(%s) AND %s <= %s AND %s >= %s",
                SQL.identifier(self._table),
                ids,
                SQL.identifier(begin),
                last,
                SQL.identifier(end),
                first,
            )
        )
        return [property_id for (property_id,) in rows]

    @api.model
    def _send_board_notices(self, property_ids):
        """Send one notice per property and transaction."""
        sent = self.env.cr.precommit.data.setdefault("hospitality.board.notice", set())
        new = {property_id for property_id in property_ids if property_id} - sent
        if new:
            group = self.env.ref("hospitality_crm.group_hospitality_base")
            for property_id in sorted(new):
                group._bus_send("hospitality.board/changed", {"property_id": property_id})
            sent |= new
