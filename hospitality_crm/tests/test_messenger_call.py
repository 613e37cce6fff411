from odoo.tests import tagged

from .messenger_common import MessengerCommon
from .test_gate import DAY, HOUR, NOW


@tagged("post_install", "-at_install")
class TestMessengerCall(MessengerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.caller, cls.caller_2 = cls._create_role_user("reception"), cls._create_role_user("manager")
        cls.calls = cls.env["hospitality.message.provider"].create(
            {"name": "Calls", "code": "calls", "kind": "task", "user_ids": [(6, 0, (cls.caller + cls.caller_2).ids)]}
        )
        cls.check = cls.env.ref("hospitality_crm.cron_message_call")

    def _call(self, guest=None, **values):
        """Plan a call and have it given to somebody; return message and task."""
        guest = guest or self._create_willing(channel="phone")
        message = self._plan(guest, "Ask about <winter>.", channel="phone", **values)
        self._run()
        return message, self._task(message)

    def _task(self, message):
        return self.env["mail.activity"].search([("hospitality_message_id", "=", message.id)])

    def test_task_with_the_script_waits_for_its_caller(self):
        message, task = self._call()
        self.assertRecordValues(
            task,
            [
                {
                    "res_model": "res.partner",
                    "res_id": message.partner_id.id,
                    "user_id": self.caller.id,
                    "summary": self.marketing.name,
                }
            ],
        )
        self.assertIn("&lt;winter&gt;", task.note)
        self.assertEqual(task.hospitality_phone, message.partner_id.phone)
        self.assertRecordValues(message, [{"state": "planned", "provider": "calls", "handed_at": False}])
        self._run()
        self.assertEqual(len(self._task(message)), 1)

    def test_calls_are_shared_out(self):
        tasks = [self._call()[1] for _number in range(4)]
        self.assertEqual([task.user_id for task in tasks], [self.caller, self.caller_2] * 2)

    def test_done_is_sent(self):
        message, task = self._call()
        self._travel(NOW + HOUR)
        task.with_user(self.caller).action_feedback("He comes on Friday.")
        self.assertRecordValues(
            message, [{"state": "delivered", "sent_at": NOW + HOUR, "handed_at": NOW + HOUR, "error": False}]
        )
        self.assertEqual(self.env["hospitality.message.content"].search([]).outcome, "reached")
        self.assertIn("Friday", message.partner_id.message_ids[0].body)

    def test_a_call_counts_for_the_caps(self):
        guest = self._create_willing(channel="phone")
        self.policy.cap_ids.unlink()
        self.policy.cap_ids = [(0, 0, {"number": 1, "days": 7, "channel": "phone"})]
        _message, task = self._call(guest)
        task.action_call_reached()
        self._travel(NOW + DAY)
        self.assertEqual(self._plan(guest, channel="phone").reason, "cap")

    def test_no_answer(self):
        message, task = self._call()
        task.with_user(self.caller).action_call_no_answer()
        self.assertRecordValues(message, [{"state": "failed", "error": "No Answer", "handed_at": False}])
        self.assertTrue(message.point_id.reachable)

    def test_wrong_number(self):
        message, task = self._call()
        task.with_user(self.caller).action_call_wrong_number()
        self.assertEqual(message.state, "failed")
        self.assertFalse(message.point_id.reachable)

    def test_no_more_calls_is_a_withdrawal(self):
        message, task = self._call()
        guest = message.partner_id
        task.with_user(self.caller).action_call_refused()
        self.assertEqual(message.state, "delivered")
        self.assertEqual(self._get(guest, channel="phone"), "denied")
        event = self.Event.search([("profile_id.partner_id", "=", guest.id)], limit=1)
        self.assertRecordValues(event, [{"decision": "withdrawn", "method": "phone", "channel": "phone"}])
        self.assertEqual(self._plan(guest, channel="phone").reason, "denied")

    def test_withdrawal_takes_the_task_back(self):
        message, task = self._call()
        Trigger = self.env["ir.cron.trigger"]
        Trigger.search([("cron_id", "=", self.check.id)]).unlink()
        self._say(self.ben, "withdrawn", channel="phone")
        self.assertFalse(Trigger.search([("cron_id", "=", self.check.id)]))
        self._say(message.partner_id, "withdrawn", channel="phone")
        self.assertTrue(Trigger.search([("cron_id", "=", self.check.id)]))
        self._run(self.check)
        self.assertFalse(task.exists())
        self.assertEqual((message.state, message.reason), ("refused", "denied"))

    def test_task_comes_back_after_quiet_hours(self):
        message, task = self._call()
        self._travel(NOW + 10 * HOUR)
        self._run(self.check)
        self.assertFalse(task.exists())
        self.assertEqual((message.state, message.reason), ("postponed", "quiet"))
        self._travel(NOW + 22 * HOUR)
        self._run()
        self.assertEqual(len(self._task(message)), 1)
        self._run(self.check)
        self.assertEqual(len(self._task(message)), 1)
        self.assertEqual(message.state, "planned")

    def test_deleted_task_is_a_cancelled_call(self):
        message, task = self._call()
        task.unlink()
        self.assertEqual(message.state, "cancelled")
        self._run()
        self.assertFalse(self._task(message))

    def test_nobody_to_call(self):
        self.calls.user_ids = False
        message, task = self._call()
        self.assertFalse(task)
        self.assertEqual((message.state, message.error), ("planned", "no callers"))
        self.assertFalse(self.calls._test()[0])
