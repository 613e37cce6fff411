from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .match_common import MatchCommon


@tagged("post_install", "-at_install")
class TestMatchSettings(MatchCommon):
    """Thresholds, weights and switches of matching."""

    def _set(self, **values):
        self.env["res.config.settings"].create(values).execute()

    def test_settings_show_what_counts(self):
        settings = self.env["res.config.settings"].create({})
        weights = self.env["hospitality.match.weights"]._get_current()
        self.assertAlmostEqual(settings.hospitality_match_threshold_auto, weights.auto)
        self.assertTrue(settings.hospitality_match_automatic)
        self.assertEqual(settings.hospitality_match_resolvers, "clear")

    def test_thresholds_decide_at_once(self):
        self._set(hospitality_match_threshold_auto=50, hospitality_match_threshold_ask=1)
        one = self._guest("A", name="Oksana Vdovychenko", birthdate="1984-03-07")
        other = self._guest("B", name="Oksana Vdovychenko", birthdate="1984-03-07")
        self.assertNotEqual(one, other)
        self.assertEqual(self._pairs("A", "B").band, "ask")

    def test_thresholds_in_the_wrong_order_are_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self.env["hospitality.match.weights"]._set_thresholds(1, 2)

    def test_own_weights_decide(self):
        """A house whose source has unreliable birth dates lets them say nothing."""
        weights = self.env["hospitality.match.weights"]
        values = weights._get_current().values()
        for level in values["slots"]["birth"]:
            values["slots"]["birth"][level] = 0
        for slot in ("name_birth", "chance"):
            values["slots"][slot] = {}
        record = weights.create(
            {"name": "No birth dates", "values": values, "threshold_auto": 8.0, "threshold_ask": 1.0}
        )
        one = self._guest("A", name="Oksana Vdovychenko", birthdate="1984-03-07")
        other = self._guest("B", name="Oksana Vdovychenko", birthdate="1984-03-07")
        self.assertNotEqual(one, other)
        record.active = False
        again = self._guest("C", name="Oksana Vdovychenko", birthdate="1984-03-07")
        self.assertIn(again, one | other)

    def test_number_of_lanes(self):
        self._set(hospitality_match_lanes=3)
        lanes = [self.env.ref(f"hospitality_crm.cron_match_lane_{number}") for number in range(1, 5)]
        self.assertEqual([lane.active for lane in lanes], [True, True, True, False])
        with self.assertRaises(ValidationError):
            self._set(hospitality_match_lanes=5)
