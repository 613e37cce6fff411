import csv
import datetime

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import file_open

from .common import ROLE_GROUPS, HospitalityCommon

OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}


def load_matrix(path):
    """Return ``{model: {role: set of operation letters}}`` of an access matrix file."""
    with file_open(path) as table:
        return {
            row["model"]: {role: set(row[role].replace("-", "")) for role in ROLE_GROUPS}
            for row in csv.DictReader(table)
        }


class AccessMatrixMixin:
    """Reality must equal an addon's ``access_matrix.csv``, by every way in that a client has."""

    allow_inherited_tests_method = True
    matrix_path = None
    module = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.matrix = load_matrix(cls.matrix_path)
        cls.users = {role: cls._create_role_user(role) for role in ROLE_GROUPS}

    def _own_models(self):
        """Return the names of the stored models that the addon defines."""
        data = self.env["ir.model.data"].search([("module", "=", self.module), ("model", "=", "ir.model")])
        return {
            name
            for name in self.env["ir.model"].browse(data.mapped("res_id")).mapped("model")
            if name.startswith("hospitality.")
            and self.env[name]._original_module == self.module
            and not self.env[name]._abstract
            and not self.env[name]._transient
            and self.env[name]._auto
        }

    def test_every_model_is_in_the_matrix(self):
        self.assertEqual(self._own_models(), set(self.matrix))

    def test_operations(self):
        wrong = [
            f"{model} {role}: {operation} should {'' if expected else 'not '}be allowed"
            for model, roles in self.matrix.items()
            for role, allowed in roles.items()
            for letter, operation in OPERATIONS.items()
            if (expected := letter in allowed) != self.env[model].with_user(self.users[role]).has_access(operation)
        ]
        self.assertFalse(wrong, "\n".join(wrong))

    def test_remote_calls(self):
        """Reading by RPC in all its forms follows the matrix."""
        calls = (
            ("search_read", [[]], {"fields": ["id"], "limit": 1}),
            ("search_count", [[]], {}),
            ("name_search", [""], {"limit": 1}),
            ("web_search_read", [[], {"id": {}}], {"limit": 1}),
            ("formatted_read_group", [[], [], ["__count"]], {}),
        )
        for model, roles in self.matrix.items():
            for role, allowed in roles.items():
                target = self.env[model].with_user(self.users[role])
                for method, args, kwargs in calls:
                    with self.subTest(model=model, role=role, method=method):
                        if "r" in allowed:
                            call_kw(target, method, args, kwargs)
                        else:
                            with self.assertRaises(AccessError):
                                call_kw(target, method, args, kwargs)

    def test_no_relation_leads_to_a_hidden_model(self):
        """No many2one or x2many of a readable model shows rows of a model that is not."""
        leaks = []
        for role, user in self.users.items():
            env = self.env(user=user)
            hidden = {model for model, roles in self.matrix.items() if "r" not in roles[role]}
            readable = [m for m in self.matrix if m not in hidden] + ["res.partner", "res.users"]
            for model in readable:
                leaks += [
                    f"{role} sees {field} ({field.comodel_name})"
                    for field in env[model]._fields.values()
                    if field.relational
                    and field.comodel_name in hidden
                    and env[model].has_access("read")
                    and env[model]._has_field_access(field, "read")
                ]
        self.assertFalse(leaks, "\n".join(leaks))


@tagged("post_install", "-at_install")
class TestAccessMatrix(AccessMatrixMixin, HospitalityCommon):
    matrix_path = "hospitality_crm/tests/access_matrix.csv"
    module = "hospitality_crm"

    def test_export(self):
        self.env.ref("base.group_allow_export").user_ids = [
            Command.link(user.id) for role, user in self.users.items() if role != "portal"
        ]
        record = self.env["hospitality.stay"].browse(self.stay_anna.id)
        for role, user in self.users.items():
            for field in ("status", "amount_total", "charge_ids/amount_gross"):
                with self.subTest(role=role, field=field):
                    allowed = "r" in self.matrix["hospitality.stay"][role] and (field == "status" or role == "manager")
                    call = (record.with_user(user), "export_data", [record.ids, [field]], {})
                    if allowed:
                        call_kw(*call)
                    else:
                        with self.assertRaises(UserError):  # portal users may not export at all
                            call_kw(*call)

    def test_spend_fields_are_hidden_everywhere(self):
        Stay = self.env["hospitality.stay"]
        for role in ("service", "reception", "marketing", "dpo", "admin"):
            stay = Stay.with_user(self.users[role]).browse(self.stay_anna.id)
            attempts = {
                "read": lambda s=stay: s.read(["amount_total"]),
                "domain": lambda s=stay: s.search([("amount_total", ">", 0)]),
                "order": lambda s=stay: s.search([], order="amount_total"),
                "aggregate": lambda s=stay: s.formatted_read_group([], ["status"], ["amount_total:sum"]),
                "dotted": lambda s=stay: s.env["res.partner"].search([("stay_ids.amount_total", ">", 0)]),
                "write": lambda s=stay: s.write({"amount_total": 1}),
            }
            for way, attempt in attempts.items():
                with self.subTest(role=role, way=way), self.assertRaises(AccessError):
                    attempt()
            self.assertNotIn("amount_total", stay.fields_get())
        self.assertTrue(Stay.with_user(self.users["manager"]).browse(self.stay_anna.id).amount_total)

    def test_aggregate_spend_is_for_marketing_and_manager(self):
        metrics = self.env["hospitality.guest.metrics"].create(
            {"partner_id": self.anna.id, "company_id": self.company.id, "revenue_total": 300}
        )
        for role in ("service", "reception", "dpo", "admin"):
            with self.subTest(role=role), self.assertRaises(AccessError):
                metrics.with_user(self.users[role]).read(["revenue_total"])
        for role in ("marketing", "manager"):
            self.assertEqual(metrics.with_user(self.users[role]).revenue_total, 300)

    def test_nothing_sensitive_reaches_the_chatter(self):
        """Allergies, alerts and preferences leave no trace in threads that anybody can read."""
        guest = self.anna.with_context(tracking_disable=False)
        before = self.env["mail.message"].search([("model", "=", "res.partner"), ("res_id", "=", guest.id)])
        env = guest.env
        secret = "Xanthan-Quillaja"
        env["hospitality.allergy"].create({"partner_id": guest.id, "kind": "allergy", "detail": secret})
        env["hospitality.alert"].create({"partner_id": guest.id, "kind": "info", "message": secret})
        guest.write({"guest_birthdate": datetime.date(1980, 1, 2)})
        self.env.flush_all()
        after = self.env["mail.message"].search([("model", "=", "res.partner"), ("res_id", "=", guest.id)])
        new = after - before
        self.assertFalse([m for m in new if secret in (m.body or "")])
        self.assertFalse(new.tracking_value_ids)


@tagged("post_install", "-at_install")
class TestVisibility(HospitalityCommon):
    def test_companies_are_separate(self):
        user = self._create_role_user("manager")
        stays = (
            self.env["hospitality.stay"]
            .with_user(user)
            .search([("id", "in", (self.stay_anna + self.stay_ben + self.stay_carla).ids)])
        )
        self.assertEqual(stays, self.stay_anna + self.stay_ben)
        with self.assertRaises(AccessError):
            self.stay_carla.with_user(user).read(["arrival"])

    def test_properties_are_separate(self):
        user = self._create_role_user("reception", hospitality_property_ids=[Command.set(self.bistro.ids)])
        Stay = self.env["hospitality.stay"].with_user(user)
        self.assertFalse(Stay.search([("id", "in", (self.stay_anna + self.stay_ben).ids)]))
        user.hospitality_property_ids = self.palace
        self.assertEqual(
            Stay.search([("id", "in", (self.stay_anna + self.stay_ben).ids)]), self.stay_anna + self.stay_ben
        )

    def test_guests_are_shared(self):
        user = self._create_role_user("reception")
        self.assertEqual(self.carla.with_user(user).name, "Carla Rossi")

    def test_strict_mode_hides_guests_from_other_staff(self):
        internal = self._create_role_user("internal")
        reception = self._create_role_user("reception")
        supplier = self.env["res.partner"].create({"name": "Fish Wholesale"})
        Partner = self.env["res.partner"]
        both = self.anna + supplier
        self.assertEqual(Partner.with_user(internal).search([("id", "in", both.ids)]), both)
        settings = self.env["res.config.settings"].create({})
        settings.hospitality_strict_guests = True
        self.assertEqual(Partner.with_user(internal).search([("id", "in", both.ids)]), supplier)
        with self.assertRaises(AccessError):
            self.anna.with_user(internal).read(["name"])
        self.assertEqual(Partner.with_user(reception).search([("id", "in", both.ids)]), both)
        settings.hospitality_strict_guests = False
        self.assertEqual(Partner.with_user(internal).search([("id", "in", both.ids)]), both)

    def test_soft_reference_blocks_deletion(self):
        channel = self.env["hospitality.channel"].create({"name": "Fax", "code": "T-FAX"})
        self.stay_anna.channel_id = channel
        with self.assertRaisesRegex(Exception, "Archive it instead"):
            channel.unlink()
        self.stay_anna.channel_id = False
        channel.unlink()
