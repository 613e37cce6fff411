from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tests.common import ROLE_GROUPS

from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestSourceReview(ConnectorCommon):
    """Reviews land with a comparable score; they belong to the guest of the visit that they name, or to nobody."""

    def _review(self, key="R1", version=1, **values):
        return {
            "entity": "review",
            "external_id": key,
            "version": version,
            "rating": 4,
            "scale": 5,
            "title": "Lovely",
            "text": "Quiet room, good breakfast.",
            "language": "en",
            "at": "2025-02-05T10:00:00Z",
            "author": "Anna K.",
            **values,
        }

    def _stored(self, key="R1"):
        self.env.invalidate_all()
        return self._find("hospitality.review", key)

    def _refresh(self):
        self.env.flush_all()
        rows = self.env.execute_query(SQL("DELETE FROM hospitality_guest_dirty RETURNING partner_id"))
        self.env["hospitality.guest.dirty"]._refresh_guests(sorted({row[0] for row in rows}))

    def test_a_review_of_a_stay(self):
        self._send([self._guest("G1", name="Anna Koval"), self._stay("S1", guest="G1")])
        record = self._send(self._review(stay="S1", rating=8.5, scale=10, url="https://portal.example/r/1"))
        self.assertEqual(record.state, "done", record.error_message)
        review = self._stored()
        self.assertEqual((review.rating, review.scale, review.score), (8.5, 10, 85.0))
        self.assertEqual((review.stay_id, review.profile_id), (self._stay_of("S1"), self._profile("G1")))
        self.assertEqual((review.partner_id, review.linked_by), (self._profile("G1").partner_id, "reference"))
        self.assertEqual((review.property_id, review.company_id), (self.hotel, self.hotel.company_id))
        self._send(self._review(version=2, stay="S1", reply="Thank you", replied_at="2025-02-06T10:00:00Z"))
        review.invalidate_recordset()
        self.assertEqual((review.reply, review.score), ("Thank you", 80.0))
        self._send({"entity": "review", "op": "tombstone", "external_id": "R1", "version": 3})
        review.invalidate_recordset()
        self.assertEqual((review.status, review.text), ("removed", "Quiet room, good breakfast."))

    def test_a_name_is_no_link(self):
        self._send([self._guest("G1", name="Anna Koval"), self._stay("S1", guest="G1", status="checked_out")])
        self._send(self._review(author="Anna Koval"))
        review = self._stored()
        self.assertFalse(review.partner_id)
        self.assertEqual(review.suggested_stay_ids, self._stay_of("S1"), "for a person to decide")
        self._stay_of("S1").with_context(review_id=review.id).action_name_in_review()
        self.assertEqual((review.partner_id, review.linked_by), (self._profile("G1").partner_id, "person"))
        self._send(self._review(version=2, author="Anna Koval", text="Changed"))
        review.invalidate_recordset()
        self.assertEqual((review.text, review.partner_id), ("Changed", self._profile("G1").partner_id))
        review.stay_id = False
        self.assertFalse(review.partner_id)

    def test_any_order_gives_the_same_end(self):
        check = {"entity": "check", "external_id": "K1", "business_date": "2025-02-02", "version": 1}
        self._send(self._review("R1", stay="S1"), self._review("R2", check="K1"))
        self.assertFalse(self._stored("R1").partner_id | self._stored("R2").partner_id)
        self._send(self._stay("S1", guest="G1"), {**check, "guest": "G1"})
        self._send(self._guest("G1", name="Anna Koval"))
        self._refresh()
        guest = self._profile("G1").partner_id
        self.assertEqual((self._stored("R1").partner_id, self._stored("R2").partner_id), (guest, guest))
        self._send(self._review("R3", stay="S1", check="K1"))
        self.assertEqual(self._stored("R3").partner_id, guest)

    def test_reviews_follow_a_merge(self):
        self._send([self._guest("G1", name="Anna Koval"), self._stay("S1", guest="G1"), self._review(stay="S1")])
        self._send(self._guest("G2", name="Bruno Keller"))
        self._send({"entity": "guest", "op": "merge", "external_id": "G1", "into": "G2", "version": 2})
        review = self._stored()
        self.assertEqual((review.profile_id, review.partner_id), (self._profile("G1"), self._profile("G2").partner_id))
        self._send({"entity": "guest", "op": "unmerge", "external_id": "G1", "version": 3})
        self.assertEqual(self._stored().partner_id, self._profile("G1").partner_id)

    def test_reviews_without_a_rating_and_with_the_worst(self):
        self._send(self._review("R1", rating=None), self._review("R2", rating=0, scale=10))
        self.assertEqual((self._stored("R1").has_rating, self._stored("R2").has_rating), (False, True))
        [(average,)] = self.env["hospitality.review"]._read_group(
            [("source_id", "=", self.source.id)], [], ["score:avg"]
        )
        self.assertEqual(average, 0.0)
        self._send(self._review("R3", rating=10, scale=10))
        [(average,)] = self.env["hospitality.review"]._read_group(
            [("source_id", "=", self.source.id)], [], ["score:avg"]
        )
        self.assertEqual(average, 50.0, "what is not rated does not count")

    def test_card_and_timeline(self):
        self._send([self._guest("G1", name="Anna Koval"), self._stay("S1", guest="G1"), self._review(stay="S1")])
        guest = self._profile("G1").partner_id
        page = self.env["hospitality.timeline"].get_page(guest.ids)
        entry = next(row for row in page["rows"] if row["kind"] == "review")
        self.assertEqual((entry["tone"], entry["model"], entry["title"]), ("success", "hospitality.review", "Palace"))
        self.assertIn("80", entry["badge"])
        tab = self.env["hospitality.guest.card"].get_tab(guest.id, "reviews")
        self.assertEqual([row["title"] for row in tab["reviews"]], ["Lovely"])

    def test_rows_equal_those_of_the_orm(self):
        self._send([self._guest("G1", name="Anna Koval"), self._stay("S1", guest="G1"), self._review(stay="S1")])
        ours = self._stored()
        names = "rating scale title text language author at".split()
        orm = self.env["hospitality.review"].create(
            {
                **{name: ours[name] for name in names},
                "source_id": self.source.id,
                "external_id": "ORM",
                "property_id": self.hotel.id,
                "stay_id": ours.stay_id.id,
            }
        )
        self.env.flush_all()
        first, second = self.env.execute_query_dict(
            SQL("SELECT * FROM hospitality_review WHERE id IN %s ORDER BY id", (ours.id, orm.id))
        )
        ignored = {
            "id",
            "external_id",
            "payload_hash",
            "version",
            "create_date",
            "write_date",
            "create_uid",
            "write_uid",
        }
        for name in first.keys() - ignored:
            self.assertEqual(first[name], second[name], name)

    def test_what_an_erased_guest_wrote_does_not_come_back(self):
        self._send([self._guest("G1", name="Anna Koval"), self._stay("S1", guest="G1")])
        early = self._send(self._review("R0", stay="S1"))
        self._send({"entity": "guest", "op": "anonymise", "external_id": "G1", "version": 2})
        review = self._stored("R0")
        early.invalidate_recordset()
        self.assertEqual((review.text, review.author, review.score, early.body), (False, False, 80.0, False))
        record = self._send(self._review(stay="S1"))
        review = self._stored()
        self.assertEqual((review.text, review.author, review.score), (False, False, 80.0))
        self.assertEqual(record.warnings, ["anonymised"])

    def test_retention_takes_words_and_persons(self):
        self._send([self._guest("G1", name="Anna Koval"), self._stay("S1", guest="G1"), self._review(stay="S1")])
        self._send(self._review("R2"))
        rule = self.env["hospitality.retention.rule"].create(
            {"data_class": "review", "term": 1, "unit": "days", "basis": "x", "company_id": self.hotel.company_id.id}
        )
        ids = [row[0] for row in self.env.execute_query(rule._get_due_review(rule._get_cutoff()))]
        self.assertEqual(set(ids), {self._stored("R1").id, self._stored("R2").id})
        rule._treat_review(ids)
        review = self._stored()
        self.assertEqual((review.text, review.author, review.partner_id.id, review.score), (False, False, False, 80.0))
        self.assertFalse(self.env.execute_query(rule._get_due_review(rule._get_cutoff())))

    def test_who_may_link(self):
        self._send([self._guest("G1", name="Anna Koval"), self._stay("S1", guest="G1"), self._review()])
        users = {
            role: new_test_user(self.env, login=f"review_{role}", groups=ROLE_GROUPS[role])
            for role in ("reception", "manager")
        }
        review = self._stored()
        with self.assertRaises(AccessError):
            review.with_user(users["reception"]).stay_id = self._stay_of("S1")
        review.with_user(users["manager"]).stay_id = self._stay_of("S1")
        self.assertEqual(review.partner_id, self._profile("G1").partner_id)
