import random

from odoo.tests import TransactionCase, tagged

from .merge_world import MERGES, Course, Drawer, start

SHORT, LONG, PARTS = 30, 1000, 20
# Rows that a merge and its undoing add for good: the journal, and what it says in the chatter.
ADDED = (
    "hospitality_merge",
    "hospitality_merge_loser",
    "hospitality_merge_line",
    "hospitality_match",
    "mail_message",
    "mail_tracking_value",
)


class MergePropertyCommon(TransactionCase):
    """Random courses of events: after every un-merge the world is what it would be without the merges."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guests, cls.profiles, cls.planter, cls.dump = start(cls.env)

    def _run_course(self, merging, steps=None, chance=None):
        """Run a course in a savepoint that is rolled back.

        :param list steps: what to do; drawn with ``chance`` when there are none
        :return: the course, its steps and the state it led to
        """
        cr = self.env.cr
        cr.execute("SAVEPOINT course")
        try:
            course = Course(self.env, self.guests, self.profiles, self.planter, merging)
            if steps is None:
                steps = self._draw(course, chance)
            else:
                for step in steps:
                    course.run(step)
            course.finish()
            return course, steps, self.dump.take()
        finally:
            self.env.clear()
            cr.execute("ROLLBACK TO SAVEPOINT course")
            cr.precommit.clear()
            cr.postcommit.clear()

    def _draw(self, course, chance):
        drawer, steps = Drawer(course, chance), []
        for _nth in range(chance.randint(4, 14)):
            step = drawer.draw()
            if step:
                course.run(step)
                steps.append(step)
                if step[0] == "merge":
                    self._check_nothing_lost(course, drawer)
        return steps

    def _check_nothing_lost(self, course, drawer):
        lost = course.find_lost(drawer.gone)
        self.assertFalse(lost, f"{len(lost)} rows lost by a merge: {lost[:5]}")

    def _check(self, seed):
        chance = random.Random(seed)
        merged, steps, with_merges = self._run_course(True, chance=chance)
        _plain, _steps, without = self._run_course(False, steps=steps)

        def is_added(table, row):
            return table in ADDED and merged.windows.number_of(row["id"]) >= MERGES

        def is_log(table, row):
            # What was logged while guests were one was true then, and is not taken back.
            return table == "mail_tracking_value" or (table == "mail_message" and row["message_type"] == "notification")

        differences = list(self.dump.differences(with_merges, without, is_added, is_log))
        self.assertFalse(
            differences,
            f"seed {seed}, steps {steps}:\n" + "\n".join(differences[:20]) + f"\n({len(differences)} differences)",
        )
        return merged

    def _check_many(self, seeds):
        merges = refused = 0
        for seed in seeds:
            with self.subTest(seed=seed):
                course = self._check(seed)
                merges += len(course.merges)
                refused += len(course.refused)
        self.assertGreater(merges, len(seeds) // 2, "the courses must merge")


@tagged("post_install", "-at_install")
class TestMergeProperty(MergePropertyCommon):
    def test_planted_everywhere(self):
        """Every column that can point at a contact does, and everything unique has a conflict."""
        self.assertFalse(self.planter.failed)
        world = Course(self.env, self.guests, self.profiles, self.planter, merging=False)
        self.assertFalse(world.find_lost())
        catalogue = self.planter.catalogue
        unique = {
            (reference.table, unique.name)
            for reference in catalogue.references
            for unique in catalogue.uniques.get(reference.table, ())
            if reference.column in unique.columns and len(unique.columns) > 1
        }
        self.assertEqual(
            unique - self.planter.conflicts,
            # Derived, and never moved.
            {
                ("hospitality_guest_metrics", "hospitality_guest_metrics_partner_company_uniq"),
                ("hospitality_consent_state", "hospitality_consent_state_scope_uniq"),
            },
        )

    def test_undone_merges_leave_no_trace(self):
        self._check_many(range(SHORT))


def _define_long(part):
    """Return the test case of one part of the long run.

    Each has a transaction of its own: what is rolled back slows a transaction down.
    """

    def test_undone_merges_leave_no_trace(self):
        size = LONG // PARTS
        self._check_many(range(SHORT + part * size, SHORT + (part + 1) * size))

    content = {"__module__": __name__, "test_undone_merges_leave_no_trace": test_undone_merges_leave_no_trace}
    case = type(f"TestMergePropertyLong{part}", (MergePropertyCommon,), content)
    return tagged("post_install", "-at_install", "hospitality_long")(case)


globals().update((f"TestMergePropertyLong{part}", _define_long(part)) for part in range(PARTS))
