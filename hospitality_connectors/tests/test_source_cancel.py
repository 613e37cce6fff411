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

    # Checks

    def _bill(self, number, version, lines, payments=()):
        """Return a message about a check and what it holds, ``{key: amount}``."""
        key = f"K{number}"
        check = {"entity": "check", "external_id": key, "version": version, "business_date": "2026-05-01"}
        return [
            {**check, "lines": [f"{key}:{one}" for one in lines], "payments": [f"{key}:{one}" for one in payments]},
            *(
                {
                    "entity": "charge",
                    "external_id": f"{key}:{one}",
                    "check": key,
                    "name": one,
                    "amount_gross": amount,
                    "version": version,
                }
                for one, amount in lines.items()
            ),
            *(
                {
                    "entity": "payment",
                    "external_id": f"{key}:{one}",
                    "check": key,
                    "amount": amount,
                    "version": version,
                }
                for one, amount in payments.items()
            ),
        ]

    def test_line_and_payment_taken_off_a_check_are_void_in_any_order(self):
        told = {
            1: ({"soup": "10", "wine": "25"}, {"cash": "35"}),
            2: ({"soup": "10"}, {"cash": "10"}),
            3: ({"soup": "12"}, {"card": "12"}),
        }
        for number, order in enumerate(itertools.permutations(told)):
            with self.subTest(order=order):
                for version in order:
                    self._send(self._bill(number, version, *told[version]))
                check = self._find("hospitality.check", f"K{number}")
                lines = {line.external_id: line.state for line in check.charge_ids}
                self.assertEqual(lines, {f"K{number}:soup": "live", f"K{number}:wine": "void"})
                payments = {payment.external_id: payment.state for payment in check.payment_ids}
                self.assertEqual(
                    {key: state == "void" for key, state in payments.items()},
                    {f"K{number}:cash": True, f"K{number}:card": False},
                )
                self.assertEqual(check.amount_total, 12)
