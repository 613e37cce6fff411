"""The core's own tests of partners, run with the addon installed: it must not change what others rely on."""

from odoo.tests import tagged

from odoo.addons.base.tests.test_expression import TestMany2one
from odoo.addons.base.tests.test_res_partner import TestPartner, TestPartnerRecursion
from odoo.addons.mail.tests.test_res_partner import TestPartner as TestMailPartner


@tagged("post_install", "-at_install")
class TestCoreMany2one(TestMany2one):
    allow_inherited_tests_method = True


@tagged("post_install", "-at_install")
class TestCorePartner(TestPartner):
    allow_inherited_tests_method = True


@tagged("post_install", "-at_install")
class TestCorePartnerRecursion(TestPartnerRecursion):
    allow_inherited_tests_method = True


@tagged("post_install", "-at_install")
class TestCoreMailPartner(TestMailPartner):
    allow_inherited_tests_method = True
