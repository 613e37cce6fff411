from odoo.tests import tagged

from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestSourceCancel(ConnectorCommon):
    """A source that deletes a booking, and names its rooms no more."""

    def _room(self, key, version=1, **values):
        dates = {"arrival": "2027-05-01", "departure": "2027-05-03"}
        return {"entity": "stay", "external_id": key, "booking": "B", "version": version, **dates, **values}

    def _book(self, *rooms, version=1):
        booking = {"entity": "booking", "external_id": "B", "version": version, "status": "reserved"}
        self._send([booking, *rooms])

    def _delete(self, version=2):
        self._send({"entity": "booking", "op": "tombstone", "external_id": "B", "version": version})

    def _statuses(self):
        stays = self.env["hospitality.stay"].search([("source_id", "=", self.source.id)])
        return {stay.external_id: stay.status for stay in stays}

    def test_planned_rooms_go_with_their_booking(self):
        self._book(
            self._room("R1", status="reserved"),
            self._room("R2", status="optional"),
            self._room("R3", status="in_house"),
            self._room("R4", version=3, status="reserved"),
        )
        other = self._room("R5", status="reserved", booking="C")
        self._send([{"entity": "booking", "external_id": "C", "version": 1}, other])
        self._delete()
        self.assertEqual(
            self._statuses(),
            {"R1": "cancelled", "R2": "cancelled", "R3": "in_house", "R4": "reserved", "R5": "reserved"},
        )

    def test_older_news_of_a_room_do_not_bring_it_back(self):
        self._book(self._room("R1", status="reserved"))
        self._delete(version=5)
        self._send(self._room("R1", version=3, status="reserved", adults=3))
        self.assertEqual(self._statuses(), {"R1": "cancelled"})

    def test_room_that_is_booked_again(self):
        self._book(self._room("R1", status="reserved"))
        self._delete()
        self._book(self._room("R1", version=3, status="reserved"), version=3)
        self.assertEqual(self._statuses(), {"R1": "reserved"})
        self.assertEqual(self.env["hospitality.booking"].search([("external_id", "=", "B")]).status, "reserved")
