import itertools

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

    def _list(self, version, keys, **values):
        """Return a message about the booking and all its rooms."""
        booking = {"entity": "booking", "external_id": "B", "version": version, "status": "reserved", "stays": keys}
        return [booking, *(self._room(key, version, **{"status": "reserved", **values}) for key in keys)]

    def test_room_taken_out_of_its_booking_is_cancelled_in_any_order(self):
        told = {1: ["R1", "R2", "R3"], 2: ["R1", "R3"], 3: ["R1"]}
        for number, order in enumerate(itertools.permutations(told)):
            with self.subTest(order=order):
                names = {key: f"{key}-{number}" for key in told[1]}
                for version in order:
                    message = self._list(version, [names[key] for key in told[version]])
                    for event in message:
                        event["booking" if event["entity"] == "stay" else "external_id"] = f"B-{number}"
                    self._send(message)
                found = self._statuses()
                self.assertEqual(
                    [found[names[key]] for key in ("R1", "R2", "R3")], ["reserved", "cancelled", "cancelled"]
                )

    def test_room_put_back_into_its_booking(self):
        for version, keys in ((1, ["R1", "R2"]), (2, ["R1"]), (3, ["R1", "R2"])):
            self._send(self._list(version, keys))
        self.assertEqual(self._statuses(), {"R1": "reserved", "R2": "reserved"})

    def test_only_what_is_planned_and_told_by_the_same_source_is_cancelled(self):
        self._send(self._list(1, ["R1", "R2"], status="in_house"))
        self._send([{"entity": "booking", "external_id": "C", "version": 1}, self._room("R3", booking="C")])
        self._send(self._list(2, ["R1"], status="in_house"))
        self.assertEqual(self._statuses(), {"R1": "in_house", "R2": "in_house", "R3": "reserved"})

    def test_booking_that_names_no_rooms_leaves_them(self):
        self._book(self._room("R1", status="reserved"))
        self._send({"entity": "booking", "external_id": "B", "version": 2, "status": "reserved"})
        self.assertEqual(self._statuses(), {"R1": "reserved"})
