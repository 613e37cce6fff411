"""What schemathesis does beside its own checks for ``hook_description.py``: it signs, and looks closer at answers."""

import base64
import hmac
import json
import os
import pathlib
import re
import time

import requests
import schemathesis

#: The signing key, when requests are to be signed.
KEY = os.environ.get("HOOK_KEY", "")
#: Whether requests carry a good proof.
PROVEN = os.environ["HOOK_PROVEN"] == "1"
NOTES = pathlib.Path(os.environ["HOOK_NOTES"])
ADDRESS = re.compile(r"/hospitality/hook/[\w-]{43}", re.ASCII)


class Signature(requests.auth.AuthBase):
    """Standard Webhooks over the bytes that go out."""

    def __call__(self, request):
        if request.method == "POST":
            key, at = "description", str(int(time.time()))
            signed = hmac.digest(KEY.encode(), f"{key}.{at}.".encode() + sent(request), "sha256")
            request.headers["webhook-id"] = key
            request.headers["webhook-timestamp"] = at
            request.headers["webhook-signature"] = "v1," + base64.b64encode(signed).decode()
        return request


def sent(request):
    body = request.body or b""
    return body.encode() if isinstance(body, str) else body


if KEY:
    schemathesis.auth.set_from_requests(Signature())


@schemathesis.check
def taken_with_a_proof(ctx, response, case):
    """Nothing is taken without a proof. Every request is noted, with what was taken."""
    method, status = response.request.method, response.status_code
    note = {"method": method, "status": status}
    if method == "POST" and 200 <= status < 300:
        note["taken"] = sent(response.request).decode()
    with NOTES.open("a") as stream:
        stream.write(json.dumps(note) + "\n")
    if "taken" in note and not PROVEN:
        raise AssertionError("Taken without a proof.")


@schemathesis.check
def no_more_than_described(ctx, response, case):
    """An answer that is described without content has none; addresses of another form get Odoo's own page."""
    raw = case.operation.schema.raw_schema
    answer = raw["paths"][case.operation.path].get(response.request.method.lower(), {}).get("responses", {})
    answer = answer.get(str(response.status_code), {"content": {}})
    if "$ref" in answer:
        answer = raw["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    if "content" not in answer and response.content and ADDRESS.fullmatch(response.request.path_url):
        raise AssertionError(f"An answer without content has some: {response.content[:200]}")
