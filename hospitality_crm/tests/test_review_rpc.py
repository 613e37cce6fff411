from odoo.tests import tagged

from .test_duplicates_tours import DuplicatesCase

# Statements of a request beside those of the screen: session, user, access rights.
OF_A_REQUEST = 12


@tagged("post_install", "-at_install")
class TestReviewRequests(DuplicatesCase):
    """What the screens ask for over HTTP, as often as a person moves on: bounded whatever the queue holds."""

    def setUp(self):
        super().setUp()
        self.authenticate("t_dup_manager", "t_dup_manager")
        self.env["hospitality.data.quality"]._cron_snapshot()

    def _call(self, model, method, args, kwargs=None):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs or {}},
        )

    def _count(self, *call):
        """Return the answer of a request and the number of its statements, caches warm."""
        self._call(*call)
        start = self.cr.sql_log_count
        answer = self._call(*call)
        return answer, self.cr.sql_log_count - start

    def test_queue(self):
        answer, one = self._count("hospitality.match.review", "get_queue", [], {"limit": 1})
        self.assertEqual(len(answer["cases"]), 1)
        answer, ten = self._count("hospitality.match.review", "get_queue", [], {"limit": 10})
        self.assertEqual(len(answer["cases"]), 10)
        self.assertLessEqual(ten, one + 2)
        self.assertLessEqual(ten, OF_A_REQUEST + 14)

    def test_status(self):
        answer, count = self._count("hospitality.match.review", "get_status", [])
        self.assertEqual(answer["left"], 10)
        self.assertLessEqual(count, OF_A_REQUEST + 12)

    def test_skip_and_undo(self):
        _guests, match = self.pairs[0]
        start = self.cr.sql_log_count
        answer = self._call("hospitality.match.review", "decide", ["skip", match.ids])
        self.assertLessEqual(self.cr.sql_log_count - start, OF_A_REQUEST + 14)
        self.assertTrue(answer["done"])
        self.assertTrue(self._call("hospitality.match.review", "undo", [answer["undo"]])["done"])
        match.invalidate_recordset()
        self.assertEqual(match.state, "open")

    def test_bulk_preview(self):
        answer, count = self._count("hospitality.match.bulk", "get_preview", [{"band": "ask"}])
        self.assertEqual((answer["count"], len(answer["sample"])), (10, 10))
        self.assertLessEqual(count, OF_A_REQUEST + 14)

    def test_bench(self):
        answer, count = self._count("hospitality.match.bench", "get_bench", [])
        self.assertEqual(answer["pairs"], 10)
        self.assertLessEqual(count, OF_A_REQUEST + 4)
        answer, count = self._count("hospitality.match.bench", "try_out", [30, -30])
        self.assertLessEqual(count, OF_A_REQUEST + 8)

    def test_data_quality(self):
        _answer, count = self._count("hospitality.data.quality", "get_overview", [])
        self.assertLessEqual(count, OF_A_REQUEST + 16)

    def test_guests_side_by_side(self):
        ids = (self.pairs[0][0] | self.pairs[1][0] | self.pairs[2][0]).ids
        _answer, two = self._count("hospitality.guest.compare", "get_merge", [ids[:2]])
        answer, six = self._count("hospitality.guest.compare", "get_merge", [ids])
        self.assertEqual(len(answer["guests"]), 6)
        self.assertLessEqual(six, two + 2)
