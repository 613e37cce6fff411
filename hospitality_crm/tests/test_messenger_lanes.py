import threading
import time

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.message import guest_lock
from ..tools import http
from .lanes_common import LanesCommon
from .messenger_common import VendorMixin
from .messenger_vendors import TOKEN, Vendors

GUESTS = 30
_CLEAN_UP = (
    "DELETE FROM hospitality_message WHERE partner_id = ANY(%s)",
    "DELETE FROM hospitality_contact_link"
    " WHERE profile_id IN (SELECT id FROM hospitality_profile WHERE partner_id = ANY(%s))",
    "DELETE FROM hospitality_match_normal WHERE id IN (SELECT id FROM hospitality_profile WHERE partner_id = ANY(%s))",
    "DELETE FROM hospitality_profile WHERE partner_id = ANY(%s)",
    "DELETE FROM mail_message WHERE model = 'res.partner' AND res_id = ANY(%s)",
    "DELETE FROM hospitality_guest_search WHERE id = ANY(%s)",
    "DELETE FROM hospitality_guest_metrics WHERE partner_id = ANY(%s)",
    "DELETE FROM hospitality_guest_dirty WHERE partner_id = ANY(%s)",
    "DELETE FROM res_partner WHERE id = ANY(%s)",
)


@tagged("post_install", "-at_install")
class TestMessengerLanes(VendorMixin, LanesCommon):
    """Lanes on connections of their own share one bot; what they write is committed."""

    queue = "hospitality.message.event"

    def _create_all(self, env):
        self.vendors = Vendors()
        thread = threading.Thread(target=self.vendors.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.addCleanup(self.vendors.server_close)
        self.addCleanup(self.vendors.shutdown)
        provider = env["hospitality.message.provider"].create(
            {
                "name": "Lanes",
                "code": "t-lanes",
                "kind": "telegram",
                "api_url": self.vendors.url,
                "token": TOKEN,
                "rate": 500,
            }
        )
        guests = env["res.partner"].create([{"name": f"Lane {n}", "is_guest": True} for n in range(GUESTS)])
        for number, guest in enumerate(guests):
            guest._add_handle(f"t-lanes:{number}")
        self.provider_id, self.guest_ids = provider.id, guests.ids

    def _delete_all(self, env):
        for query in _CLEAN_UP:
            env.cr.execute(SQL(query, self.guest_ids))
        env.cr.execute("DELETE FROM hospitality_contact_point WHERE value LIKE 't-lanes:%'")
        env["hospitality.message.provider"].browse(self.provider_id).unlink()

    def _plan(self, guest_ids=None):
        with self._session() as env:
            provider = env["hospitality.message.provider"].browse(self.provider_id)
            env["hospitality.messenger"]._send(
                env["res.partner"].browse(guest_ids or self.guest_ids),
                env.ref("hospitality_crm.purpose_service"),
                "messenger",
                "Your room is ready",
                provider,
                provider=provider,
            )

    def _work(self, failures):
        """Do what a lane does, on a connection of its own."""
        try:
            client, done = http.from_config(), True
            while done:
                with self.registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    done = env["hospitality.messenger"]._send_step(client, time.monotonic() + 20)
            client.close()
        except Exception as error:
            failures.append(error)

    def _run_lanes(self, number):
        failures = []
        threads = [threading.Thread(target=self._work, args=(failures,)) for _lane in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertFalse(failures)

    def _states(self):
        with self._session() as env:
            rows = env.execute_query(
                SQL("SELECT DISTINCT state FROM hospitality_message WHERE partner_id = ANY(%s)", self.guest_ids)
            )
            return {row[0] for row in rows}

    def test_lanes_share_the_work_and_send_each_message_once(self):
        self._plan()
        self._run_lanes(4)
        self.assertEqual(
            sorted(self.vendors.sent), sorted(("telegram", str(n), "Your room is ready") for n in range(30))
        )
        self.assertEqual(self._states(), {"sent"})

    def test_giving_messages_back_waits_for_nobody(self):
        """Two lanes that give each other's messages back would block each other."""
        self._plan(self.guest_ids[:3])
        with self._session() as env:
            ids = [
                row[0] for row in env.execute_query(SQL("SELECT id FROM hospitality_message ORDER BY id DESC LIMIT 3"))
            ]
            env.cr.execute(
                SQL("UPDATE hospitality_message SET leased_until = now() + interval '1 day' WHERE id = ANY(%s)", ids)
            )
        with self._session() as holder, self._session() as env:
            holder.cr.execute(SQL("SELECT FROM hospitality_message WHERE id = %s FOR UPDATE", ids[1]))
            with env["hospitality.gate"]._passage() as passage:
                passage.env.cr.execute("SET lock_timeout = '2s'")
                passage.give_back(ids)
                passage.env.cr.execute("RESET lock_timeout")
            rows = env.execute_query(
                SQL("SELECT id FROM hospitality_message WHERE id = ANY(%s) AND leased_until IS NULL", ids)
            )
        self.assertEqual({row[0] for row in rows}, {ids[0], ids[2]})

    def test_a_guest_who_is_changing_his_mind_is_not_written_to_meanwhile(self):
        """Who changes consents holds the guest until he commits; the lane waits, and others aren't held up by it."""
        self._plan(self.guest_ids[:1])
        with self._session() as env:
            guest_lock.lock_guests(env, self.guest_ids[:1])
            failures = []
            lane = threading.Thread(target=self._work, args=(failures,))
            lane.start()
            time.sleep(0.5)
            self.assertFalse(self.vendors.calls)
        lane.join()
        self.assertFalse(failures)
        self.assertEqual(len(self.vendors.sent), 1)

    def test_a_change_of_mind_waits_for_the_call_that_has_begun(self):
        self._plan(self.guest_ids[:1])
        entered, go_on = threading.Event(), threading.Event()

        def pause(line):
            entered.set()
            go_on.wait(10)
            return line

        self.vendors.pause = pause
        failures = []
        lane = threading.Thread(target=self._work, args=(failures,))
        lane.start()
        self.assertTrue(entered.wait(10))
        with self._session() as env:
            self.assertFalse(env.execute_query(SQL("SELECT %s", guest_lock.try_lock_sql(self.guest_ids[0])))[0][0])
        go_on.set()
        lane.join()
        with self._session() as env:
            self.assertTrue(env.execute_query(SQL("SELECT %s", guest_lock.try_lock_sql(self.guest_ids[0])))[0][0])
        self.assertEqual((failures, self._states()), ([], {"sent"}))
