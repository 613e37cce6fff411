"""Requests that schemathesis makes up from ``docs/hook-openapi.json``, good and bad ones, to a real server.

Signed, with a token, with a login, and without a proof or with a made up one: no request is answered by 5xx or
otherwise than described, nothing is taken without a proof, and what was taken is in the inbox.
"""

import base64
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from common import Checks, parse_arguments, rows, run, server

DESCRIPTION = pathlib.Path(__file__).resolve().parents[2] / "docs" / "hook-openapi.json"
PATH = "/hospitality/hook/{token}"
SECRETS = {"hook_key": "a-signing-key-x9", "hook_token": "a-token-x9", "hook_login": "house:a-password-x9"}
#: One good proof is enough: schemathesis would take it for a mistake that a made up one beside it does no harm.
ALONE = ["--generation-with-security-parameters", "false"]
#: How requests prove themselves: environment of the checks, and more arguments.
PROOFS = {
    "signed": ({"HOOK_KEY": SECRETS["hook_key"]}, ALONE),
    "with a token": ({}, ["--header", f"X-API-Key: {SECRETS['hook_token']}", *ALONE]),
    "with a login": ({}, ["--auth", SECRETS["hook_login"], *ALONE]),
    "without a proof": ({"HOOK_PROVEN": "0"}, []),
}
#: JSON that is no event is taken too: it waits for a person, and keeps no other event out.
LEFT_OUT = "negative_data_rejection"
SEED = 20
SETUP = """
source = env["hospitality.source"].create({"name": "Own system", "code": "own"})
connector = env["hospitality.connector"].create({"name": "Own system", "source_id": source.id, "adapter": "canonical"})
for name, value in %r.items():
    connector._set_secret(name, value)
with open(%r, "w") as stream:
    stream.write(connector._renew_hook())
"""
# What is taken is stored without what looks like the number of a card.
REDACT = """
import json
from odoo.addons.hospitality_connectors.engine import adapter
with open(%r) as stream:
    events = json.load(stream)
redact = adapter.get("canonical").redact
bodies = [redact(adapter.Raw("", "", json.dumps(event, ensure_ascii=False))).body for event in events]
with open(%r, "w") as stream:
    json.dump([json.loads(body) for body in bodies], stream)
"""
INBOX = "SELECT body, encoding FROM hospitality_connector_inbox"


def ask(base, document, notes, name, *, seed, examples):
    """Have schemathesis make its requests and note them; return ``(whether all is well, what it says)``."""
    variables, arguments = PROOFS[name]
    environment = {
        **{key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")},
        "PYTHONPATH": str(pathlib.Path(__file__).parent),
        "SCHEMATHESIS_HOOKS": "common_hook_checks",
        "HOOK_NOTES": str(notes),
        "HOOK_PROVEN": "1",
        **variables,
    }
    command = [
        *(os.environ["HOSPITALITY_SCHEMATHESIS"], "run", str(document), "--url", base, "--checks", "all"),
        *("--exclude-checks", LEFT_OUT, "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples)),
        *("--seed", str(seed), "--generation-database", "none", "--suppress-health-check", "all"),
        *("--continue-on-failure", "--warnings", "off", "--no-color", *arguments),
    ]
    done = subprocess.run(
        command,
        env=environment,
        cwd=document.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout


def describe(token, path):
    """Write the description with a secret address that is there."""
    description = json.loads(DESCRIPTION.read_text())
    description["paths"][PATH]["parameters"][0]["schema"]["enum"] = [token]
    path.write_text(json.dumps(description))
    return path


def events_of(body):
    found = json.loads(body)
    return found if isinstance(found, list) else [found]


def stored(body, encoding):
    """Return a record of the inbox; what no UTF-8 can hold is kept as base64."""
    return json.loads(base64.b64decode(body).decode("utf-8", "surrogatepass") if encoding == "base64" else body)


def main():
    options = parse_arguments(examples=300)
    examples = min(options.examples, 60) if options.short else options.examples
    checks, requests, taken = Checks(), 0, []
    with tempfile.TemporaryDirectory() as path, server() as (base, _process):
        folder = pathlib.Path(path)
        run(SETUP % (SECRETS, str(folder / "address")))
        document = describe((folder / "address").read_text().rpartition("/")[2], folder / "hook.json")
        for number, name in enumerate(PROOFS):
            notes = folder / f"{number}.jsonl"
            notes.touch()
            well, said = ask(base, document, notes, name, seed=SEED + number, examples=examples)
            seen = [json.loads(line) for line in notes.read_text().splitlines()]
            requests += len(seen)
            bodies = [note["taken"] for note in seen if "taken" in note]
            taken += [event for body in bodies for event in events_of(body)]
            statuses = collections.Counter(f"{note['method']} {note['status']}" for note in seen)
            checks.check(f"requests {name} are answered as described", well, dict(sorted(statuses.items())))
            # Otherwise nothing was tried.
            checks.check(f"requests {name} are taken or not", bool(bodies) == (name != "without a proof"))
            if not well:
                print(said)
        paths = folder / "taken.json", folder / "redacted.json"
        paths[0].write_text(json.dumps(taken))
        run(REDACT % tuple(map(str, paths)))
        taken = json.loads(paths[1].read_text())
        known = {json.dumps(stored(*row), sort_keys=True) for row in rows(INBOX)}
        lost = [event for event in taken if json.dumps(event, sort_keys=True) not in known]
        checks.check("what was taken is in the inbox", not lost, f"({len(taken)} events) {str(lost)[:500]}")
    print(f"{requests} requests, {checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
