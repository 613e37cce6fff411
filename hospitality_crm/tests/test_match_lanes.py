import threading
import uuid

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.bulk.batch import Message
from ..tools import claim
from .lanes_common import LanesCommon

OBSERVED = 1_700_000_000.0
_CLEAN_UP = (
    "DELETE FROM hospitality_merge_line WHERE merge_id IN (SELECT id FROM hospitality_merge WHERE winner_id = ANY(%s))",
    "DELETE FROM hospitality_merge_loser WHERE partner_id = ANY(%s)",
    "DELETE FROM hospitality_merge WHERE winner_id = ANY(%s)",
    "DELETE FROM hospitality_match WHERE partner_id = ANY(%s)",
    "DELETE FROM hospitality_match_normal WHERE id IN (SELECT id FROM hospitality_profile WHERE partner_id = ANY(%s))",
    "DELETE FROM hospitality_contact_link"
    " WHERE profile_id IN (SELECT id FROM hospitality_profile WHERE partner_id = ANY(%s))",
    "DELETE FROM hospitality_profile WHERE partner_id = ANY(%s)",
    "DELETE FROM mail_message WHERE model = 'res.partner' AND res_id = ANY(%s)",
    "DELETE FROM hospitality_guest_search WHERE id = ANY(%s)",
    "DELETE FROM hospitality_guest_metrics WHERE partner_id = ANY(%s)",
    "DELETE FROM res_partner WHERE id = ANY(%s)",
)


@tagged("post_install", "-at_install")
class TestMatchLanes(LanesCommon):
    """Two lanes on connections of their own bring one person at the same moment; what they write is committed."""

    queue = "hospitality.match.queue"

    def _create_all(self, env):
        self.source_id = env["hospitality.source"].create({"name": "Lanes", "code": "t_match_lanes"}).id

    def _delete_all(self, env):
        env.cr.execute("SELECT partner_id FROM hospitality_profile WHERE source_id = %s", [self.source_id])
        ids = {row[0] for row in env.cr.fetchall()}
        env.cr.execute("SELECT id FROM res_partner WHERE merged_into_id = ANY(%s)", [list(ids)])
        ids |= {row[0] for row in env.cr.fetchall()}
        env.cr.execute("UPDATE res_partner SET merged_into_id = NULL WHERE id = ANY(%s)", [list(ids)])
        for query in _CLEAN_UP:
            env.cr.execute(SQL(query, list(ids)))
        env["hospitality.source"].browse(self.source_id).unlink()

    def _arrive(self, env, key, **values):
        event = {
            "entity": "guest",
            "op": "upsert",
            "external_id": key,
            "version": 1.0,
            "payload_hash": uuid.uuid4().hex,
            "observed": OBSERVED,
            "kind": "person",
            "values": {"name": "Oksana Vdovychenko", "birthdate": "1984-03-07", **values},
        }
        source = env["hospitality.source"].browse(self.source_id)
        env["hospitality.bulk"]._apply(source, [Message(0, [event])])

    def _count_guests(self):
        with self._session() as env:
            rows = env.execute_query(
                SQL("SELECT DISTINCT partner_id FROM hospitality_profile WHERE source_id = %s", self.source_id)
            )
            return len(rows)

    def _take(self):
        with claim.lane_env(self.env) as env:
            return env["hospitality.match.queue"]._take()

    def test_lanes_that_did_not_see_each_other_are_compared_afterwards(self):
        with claim.lane_env(self.env) as first, claim.lane_env(self.env) as second:
            self._arrive(first, "A", emails=["a@vdovy-mail.com"])
            self._arrive(second, "B", emails=["b@vdovy-mail.com"])
        self.assertEqual(self._count_guests(), 2)
        self.assertEqual(self._count_queue(), 1, "the second one knew of the first")
        self.assertEqual(self._take(), 1)
        self.assertEqual(self._count_guests(), 1)

    def test_the_comparison_waits_for_the_other_lane(self):
        first = self.registry.cursor()
        self.addCleanup(first.close)
        first.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self._arrive(api.Environment(first, SUPERUSER_ID, {}), "A")
        with claim.lane_env(self.env) as second:
            self._arrive(second, "B")
        self.assertEqual(self._take(), 0)
        self.assertEqual(self._count_queue(), 1)
        first.commit()
        self.assertEqual(self._take(), 1)
        self.assertEqual(self._count_guests(), 1)

    def test_one_after_the_other_needs_no_comparison(self):
        for key in ("A", "B"):
            with claim.lane_env(self.env) as env:
                self._arrive(env, key)
        self.assertEqual(self._count_guests(), 1)
        self.assertEqual(self._count_queue(), 0)

    def test_a_common_address_makes_lanes_wait_for_each_other(self):
        """As before matching: the unique contact point keeps the second lane until it sees the first guest."""
        started = threading.Event()

        def bring():
            with claim.lane_env(self.env) as env:
                started.set()
                self._arrive(env, "B", emails=["same@vdovy-mail.com"])

        with claim.lane_env(self.env) as env:
            self._arrive(env, "A", emails=["same@vdovy-mail.com"])
            lane = threading.Thread(target=bring)
            lane.start()
            started.wait()
            lane.join(0.5)
            self.assertTrue(lane.is_alive())
        lane.join()
        self.assertEqual(self._count_guests(), 1)
