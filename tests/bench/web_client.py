"""A logged-in browser as benchmarks need it: JSON requests over one connection."""

import http.client
import json


class Client:
    """A browser's connection that stays open, logged in.

    :param int port: of the server on this machine
    :param database: its database
    :param login: login and password of the user
    """

    def __init__(self, port, database, login):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.cookie = ""
        self.post("/web/session/authenticate", {"db": database, "login": login, "password": login})

    def post(self, path, params):
        body = json.dumps({"jsonrpc": "2.0", "params": params})
        self.connection.request("POST", path, body, {"Content-Type": "application/json", "Cookie": self.cookie})
        answer = self.connection.getresponse()
        if set_cookie := answer.getheader("Set-Cookie"):
            self.cookie = set_cookie.split(";")[0]
        content = json.loads(answer.read())
        if "error" in content:
            raise RuntimeError(content["error"]["data"]["debug"])
        return content["result"]

    def call(self, model, method, args, kwargs):
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self.post(f"/web/dataset/call_kw/{model}/{method}", params)
