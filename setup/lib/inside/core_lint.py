"""Run the tests of Odoo's own ``test_lint`` that hold for any addon, and keep what they say about ours.

Arguments: odoo.conf, database with our addons installed, names of our addons. Prints a line ``FINDING ...`` for each
finding, and counts as JSON in the last line.
"""

import json
import sys
import unittest
from unittest.mock import patch

from environment import configure

# Those that read files see only our addons; those that read the registry see all, and their findings are picked.
TESTS = (
    "test_docstring.TestDocstring.test_docstring",
    "test_dunderinit.TestDunderinit.test_dunderinit",
    "test_i18n.TestI18n.test_user_content_as_prop_is_translatable",
    "test_index.TestIndex.test_enforce_index_on_one2many_inverse",
    "test_jstranslate.TestJsTranslations.test_js_translations",
    "test_manifests.ManifestLinter.test_manifests",
    "test_markers.TestConflictMarkers.test_conflict_markers",
    "test_naming.TestNaming.test_parameter_rpc_compatible",
    "test_onchange_domains.TestOnchangeDomains.test_forbid_domains_in_onchanges",
    "test_orm_import.TestDunderinit.test_addons_orm_import",
    "test_override_signatures.TestLintOverrideSignatures.test_lint_override_signature",
    "test_pofile.PotLinter.test_pot_duplicate_entries",
    "test_routes.RoutesLinter.test_routes_definition",
    "test_test_holes.TestTestHoles.test_check_tests",
)


class Findings(unittest.TestResult):
    """Failures of tests and subtests, each as text with what a finding is about."""

    def __init__(self, ours: tuple[str, ...]):
        super().__init__()
        self.ours = ours
        self.kept: list[str] = []
        self._soft_fail = False

    def _keep(self, test, error) -> None:
        if not error:
            return
        lines = str(error[1]).splitlines()
        about = [line for line in lines if any(name in line for name in self.ours)]
        if about or any(name in str(test) for name in self.ours):
            self.kept.append(f"{test}\n  " + "\n  ".join(about or lines))
        elif not issubclass(error[0], AssertionError):
            self.kept.append(f"{test}\n  {error[0].__name__}: {error[1]}")

    def addFailure(self, test, err):
        self._keep(test, err)

    def addError(self, test, err):
        self._keep(test, err)

    def addSubTest(self, test, subtest, err):
        self._keep(subtest, err)


def main(configuration: str, database: str, *ours: str) -> None:
    configure(configuration, database)
    from odoo.modules import Manifest, module
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config["db_name"] = [database]
    Registry(database)
    manifests = [Manifest.for_addon(name) for name in ours]
    findings = Findings(ours)
    module.current_test = True
    ran = 0
    with patch.object(Manifest, "all_addon_manifests", lambda: manifests):
        for name in TESTS:
            file, case, method = name.split(".")
            imported = __import__(f"odoo.addons.test_lint.tests.{file}", fromlist=[case])
            with patch.object(imported, "get_modules", lambda: list(ours), create=True):
                unittest.TestSuite([getattr(imported, case)(method)]).run(findings)
            ran += 1
    for finding in findings.kept:
        print("FINDING " + finding.replace("\n", " | "))
    print(json.dumps({"ran": ran, "failed": len(findings.kept), "skipped": len(findings.skipped)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
