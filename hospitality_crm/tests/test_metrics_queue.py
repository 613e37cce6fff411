import datetime

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .metrics_common import TODAY, MetricsCase


@tagged("post_install", "-at_install")
class TestMetricsQueue(MetricsCase):
    """Who writes a visit through the ORM queues the guests that it counts for."""

    def setUp(self):
        super().setUp()
        self.Dirty = self.env["hospitality.guest.dirty"]
        self.Dirty.search([]).unlink()

    def assertQueued(self, *guests):
        rows = self.Dirty.search([])
        self.assertEqual(set(rows.mapped("partner_id")), {guest.id for guest in guests})
        rows.unlink()

    def test_stay(self):
        stay = self._stay(self.anna)
        self.assertQueued(self.anna)
        stay.amount_room = 10
        self.assertQueued(self.anna)
        stay.partner_id = self.ben
        self.assertQueued(self.anna, self.ben)
        stay.unlink()
        self.assertQueued(self.ben)

    def test_people_on_a_stay(self):
        stay = self._stay(self.anna)
        self.Dirty.search([]).unlink()
        person = self.env["hospitality.stay.guest"].create(
            {"stay_id": stay.id, "partner_id": self.ben.id, "role": "sharer"}
        )
        self.assertQueued(self.anna, self.ben)
        person.pays = False
        self.assertQueued(self.anna, self.ben)
        stay.status = "cancelled"
        self.assertQueued(self.anna, self.ben)
        person.unlink()
        self.assertQueued(self.anna, self.ben)

    def test_check_and_its_lines(self):
        check = self._check(self.anna, dishes=["Soup"])
        self.assertQueued(self.anna)
        check.charge_ids.name = "Fish"
        self.assertQueued(self.anna)
        check.charge_ids.unlink()
        self.assertQueued(self.anna)
        check.unlink()
        self.assertQueued(self.anna)

    def test_reservation(self):
        table = self._table(self.anna)
        self.assertQueued(self.anna)
        table.status = "no_show"
        self.assertQueued(self.anna)
        table.unlink()
        self.assertQueued(self.anna)

    def test_guests_beyond_the_user(self):
        stay = self._stay(self.anna, people=[(self.ben, {"role": "sharer"})])
        self.Dirty.search([]).unlink()
        reception = self._create_role_user("reception")
        stay.with_user(reception).write({"requests": "Late arrival"})
        self.assertQueued(self.anna, self.ben)

    def test_lane_is_woken_once_per_transaction(self):
        self.env.cr.precommit.data.pop("hospitality.guest.dirty", None)
        triggers = self.env["ir.cron.trigger"].search([])
        self._stay(self.anna)
        self._stay(self.ben)
        new = self.env["ir.cron.trigger"].search([]) - triggers
        self.assertEqual(new.cron_id, self.env.ref("hospitality_crm.cron_guest_lane_1"))
        self.assertEqual(len(new), 1)

    def test_lane_empties_the_queue(self):
        self._stay(self.anna)
        self._check(self.ben)
        with self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_guest_lane_1").method_direct_trigger()
        self.assertFalse(self.Dirty.search([]))
        self.assertEqual({row.partner_id for row in self.Metrics.search([])}, {self.anna, self.ben})

    def test_every_refresh_is_extensible(self):
        seen = []

        def refresh_guests(_self, partner_ids):
            seen.append(partner_ids)

        self.patch(type(self.Dirty), "_refresh_guests", refresh_guests)
        self.Dirty._mark([self.ben.id, self.anna.id, self.anna.id])
        self.Dirty._mark([self.anna.id])
        self.assertEqual(self.Dirty._take(1000), 3)
        self.assertEqual(seen, [sorted([self.anna.id, self.ben.id])])

    def test_kind_of_a_channel_changes_all_shares(self):
        self._stay(self.anna, channel_id=self.ota.id)
        self.assertMetrics(self.anna, direct_share=0)
        self.ota.kind = "direct"
        with self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_guest_lane_1").method_direct_trigger()
        self.assertFalse(self.env["hospitality.guest.rebuild"].search([]))
        self.assertMetrics(self.anna, direct_share=1)

    def test_kind_of_an_outlet_changes_departments(self):
        self._check(self.anna, total=60)
        self.assertMetrics(self.anna, revenue_fb=60)
        self.restaurant.kind = "shop"
        with self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_guest_lane_1").method_direct_trigger()
        self.assertMetrics(self.anna, revenue_fb=0, revenue_other=60)

    def test_overdue_visits_are_queued_by_the_hour(self):
        self._stay(self.anna, days=3, status="reserved")
        self._stay(self.ben, days=-3)
        self._refresh()
        self.env.cr.execute(
            "UPDATE hospitality_guest_metrics SET next_visit = %s WHERE partner_id = %s",
            [TODAY - datetime.timedelta(days=1), self.anna.id],
        )
        with self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_guest_overdue").method_direct_trigger()
        self.assertQueued(self.anna)

    def test_number_of_lanes_is_a_setting(self):
        Settings = self.env["res.config.settings"]
        lanes = [self.env.ref(f"hospitality_crm.cron_guest_lane_{number}") for number in range(1, 5)]
        self.assertEqual(Settings.create({}).hospitality_guest_lanes, 2)
        Settings.create({"hospitality_guest_lanes": 3})
        self.assertEqual([lane.active for lane in lanes], [True, True, True, False])
        Settings.create({"hospitality_guest_lanes": 1})
        self.assertEqual([lane.active for lane in lanes], [True, False, False, False])
        with self.assertRaisesRegex(ValidationError, "between 1 and 4"):
            Settings.create({"hospitality_guest_lanes": 0})

    def test_wide_gaps_between_ids_are_no_ranges(self):
        Rebuild = self.env["hospitality.guest.rebuild"]
        Rebuild._queue()
        before = Rebuild.search_count([])
        Rebuild.search([]).unlink()
        self.env.cr.execute("SELECT last_value FROM res_partner_id_seq")
        last = self.env.cr.fetchone()[0]
        # Sequences do not roll back.
        self.addCleanup(self.env.cr.execute, "SELECT setval('res_partner_id_seq', %s)", [last])
        self.env.cr.execute("SELECT setval('res_partner_id_seq', %s)", [last + 50_000_000])
        self.env["res.partner"].create({"name": "Far Away"})
        Rebuild._queue()
        self.assertLessEqual(Rebuild.search_count([]), before + 1)

    def test_all_metrics_anew_from_the_settings(self):
        self._stay(self.anna)
        self._refresh()
        self.Metrics.search([]).unlink()
        self.env["res.config.settings"].create({}).action_rebuild_guest_metrics()
        with self.enter_registry_test_mode():
            self.env.ref("hospitality_crm.cron_guest_lane_1").method_direct_trigger()
        self.assertMetrics(self.anna, stay_count=1)
