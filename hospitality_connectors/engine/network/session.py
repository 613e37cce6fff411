"""What an adapter sees of the world while it talks to its vendor: the context of one step."""

import datetime
import email.utils
import json
import time
import urllib.parse
from hashlib import blake2b

from .errors import Declined, Denied, Failed, Later, Strange

#: Longest wait for the vendor's limit within a step; a longer one ends it.
PATIENCE = 10.0
#: A clock that differs by less is not corrected: the Date header has whole seconds.
SKEW = 2.0
PAUSE = 30.0


class Session:
    """Calls to one vendor for one connector.

    Limits, circuit breaker and tokens are shared by all workers and belong to ``shared``:

    * ``shared.take(bucket, rates) -> seconds to wait`` for a limit (0: go); raises :class:`Later` during a pause
    * ``shared.success()``, ``shared.failure()``, ``shared.pause(seconds)``
    * ``shared.token(renew, refused, owner) -> text``: the valid token; ``renew()`` returns a new
      :class:`engine.adapter.Token` and is called by one worker at a time; ``refused`` is a value that the vendor has
      turned down, or None; ``owner`` is a hash of :meth:`engine.adapter.Adapter.token_owner`, or empty
    * ``shared.memo(key, make, seconds) -> value``: what ``make()`` has given, at most so many seconds ago

    :param adapter: an :class:`engine.adapter.Adapter`
    :param client: with ``request(method, url, headers=, body=, secrets=)`` and its exceptions as attributes, such as
        :class:`tools.http.Client` of the guest CRM
    :param engine.adapter.Env env: settings and place of the connector
    :param secrets: mapping of secrets in clear
    :param shared: see above
    :param float deadline: monotonic time at which the step should end
    """

    def __init__(self, adapter, client, env, secrets, shared, deadline=None, sleep=time.sleep, clock=time.time):
        self.adapter = adapter
        self.env = env
        self.settings = env.settings
        self.property = env.property
        self.tz = env.tz
        self.currency = env.currency
        self.calls = 0
        self._client = client
        self._secrets = secrets
        self._shared = shared
        self._deadline = deadline
        self._sleep = sleep
        self._clock = clock
        self._skew = 0.0
        self._token = None

    # What adapters use

    def now(self):
        """Return the time at the vendor (aware, UTC): ours, corrected by what his last answer said."""
        return datetime.datetime.fromtimestamp(self._clock() + self._skew, datetime.timezone.utc)

    def skew(self):
        """Return how many seconds the vendor's clock is ahead of ours; 0 within two seconds."""
        return self._skew

    def secret(self, name):
        """Return a secret.

        :raise Denied: nobody has entered it
        """
        value = self._secrets.get(name)
        if not value:
            raise Denied("no_secret", f"The secret “{name}” is missing. Enter it in the connector.")
        return value

    def token(self):
        """Return the value of the token, signing in where there is none.

        :raise Denied: the vendor doesn't accept the credentials
        """
        if self._token is None:
            self._token = self._renewed(None)
        return self._token

    def _renewed(self, refused):
        parts = [str(part) for part in self.adapter.token_owner(self)]
        owner = blake2b(encode(parts), digest_size=16).hexdigest() if any(parts) else ""
        return self._shared.token(lambda: self.adapter.sign_in(self), refused, owner)

    def memo(self, key, make, seconds=3600.0):
        """Return what ``make()`` gives, asking again after some seconds only: names of rooms, versions spoken.

        :param str key: unique within the adapter
        :param make: function without arguments
        """
        return self._shared.memo(key, make, seconds)

    def get(self, url, **options):
        """Make a GET call, see :meth:`call`."""
        return self.call("GET", url, **options)

    def post(self, url, **options):
        """Make a POST call, see :meth:`call`."""
        return self.call("POST", url, **options)

    def put(self, url, **options):
        """Make a PUT call, see :meth:`call`."""
        return self.call("PUT", url, **options)

    def call(
        self,
        method,
        url,
        *,
        params=None,
        json=None,
        form=None,
        body=None,
        headers=None,
        bucket="",
        signed=True,
        accept=(),
    ):
        """Make a call and return its answer, ``(status, headers, body)`` with ``json()``.

        :param url: whole address
        :param dict params: query; empty values are left out
        :param json: value that is sent as JSON
        :param dict form: sent as a form
        :param bytes body: sent as it is
        :param str bucket: which of the adapter's limits it counts for
        :param bool signed: carry what :meth:`Adapter.sign` says; a refused token is renewed once
        :param accept: statuses beside 2xx that are an answer and not an error
        :raise Later: a limit; nothing was sent, or the vendor wants us to wait
        :raise Failed: no answer, or a server error
        :raise Denied: not let in
        :raise Declined: refused
        """
        if params:
            kept = [(key, value) for key, value in params.items() if value not in (None, "")]
            url = f"{url}{'&' if '?' in url else '?'}{urllib.parse.urlencode(kept, doseq=True)}"
        content = {"Accept": "application/json"}
        if json is not None:
            body, content["Content-Type"] = encode(json), "application/json"
        elif form is not None:
            body = urllib.parse.urlencode(form).encode()
            content["Content-Type"] = "application/x-www-form-urlencoded"
        response = self._attempt(method, url, {**content, **(headers or {})}, body, bucket, signed)
        if response.status == 401 and signed and self._token is not None:
            self._token = self._renewed(self._token)
            response = self._attempt(method, url, {**content, **(headers or {})}, body, bucket, signed)
        if 200 <= response.status < 300 or response.status in accept:
            return response
        raise self._explain(response)

    def json(self, response):
        """Return the JSON of an answer.

        :raise Strange: it has none
        """
        value = response.json()
        if value is None:
            raise Strange(f"The answer is not JSON but begins with {response.body[:40]!r}.")
        return value

    # Inside

    def _attempt(self, method, url, headers, body, bucket, signed):
        if signed:
            headers = {**headers, **self.adapter.sign(self)}
        self._wait(bucket)
        client = self._client
        secrets = [*filter(None, self._secrets.values()), *filter(None, [self._token])]
        self.calls += 1
        try:
            response = client.request(method, url, headers=headers, body=body, secrets=secrets)
        except client.Forbidden as error:
            raise Denied("address", f"The address may not be called: {error}.") from None
        except client.Unreachable as error:
            self._shared.failure()
            raise Failed("unreachable", f"No connection: {error}.", arrived=False) from None
        except client.Unreadable as error:
            raise Strange(f"The answer can't be read: {error}.") from None
        except client.HttpError as error:
            self._shared.failure()
            raise Failed("unanswered", f"No answer: {error}.", arrived=error.arrived) from None
        self._learn_time(response)
        if response.status >= 500 and response.status != 501:
            self._shared.failure()
        else:
            self._shared.success()
        return response

    def _wait(self, bucket):
        rates = self.adapter.rates.get(bucket, ())
        waited = 0.0
        while seconds := self._shared.take(bucket, rates):
            left = PATIENCE - waited
            if self._deadline is not None:
                left = min(left, self._deadline - time.monotonic())
            if seconds > left:
                raise Later(seconds)
            self._sleep(seconds)
            waited += seconds

    def _learn_time(self, response):
        text = response.headers.get("Date")
        if not text:
            return
        try:
            theirs = email.utils.parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return
        if theirs.tzinfo is None:
            theirs = theirs.replace(tzinfo=datetime.timezone.utc)
        skew = theirs.timestamp() + 0.5 - self._clock()
        self._skew = skew if abs(skew) > SKEW else 0.0

    def _explain(self, response):
        """Return the error that an answer stands for."""
        status = response.status
        shown = _excerpt(response)
        if status in (429, 503):
            seconds = response.retry_after()
            self._shared.pause(seconds or PAUSE)
            return Later(seconds or PAUSE, f"status_{status}", f"The vendor asks for a pause ({status}).")
        if status in (408, 425) or status >= 500:
            return Failed(f"status_{status}", f"The vendor failed with status {status}. {shown}", None, None)
        if status in (401, 403):
            return Denied(f"status_{status}", f"The vendor refuses access with status {status}. {shown}")
        return Declined(status, f"The vendor refuses the request with status {status}. {shown}")


def encode(value):
    """Return a value as compact JSON bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _excerpt(response):
    """Return the error code that the answer names, never its text: that may repeat personal data."""
    value = response.json()
    for key in ("code", "error", "errorCode", "error_code", "o:errorCode", "status"):
        if isinstance(value, dict) and isinstance(value.get(key), (str, int)) and len(str(value[key])) <= 60:
            return f"Its code is {value[key]}."
    return ""
