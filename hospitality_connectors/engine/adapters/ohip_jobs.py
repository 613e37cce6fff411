"""Work that OPERA Cloud does in the background: start it, ask until it is done, fetch the result.

Each page of a stream is one short call; the cursor says where the work is.
"""

import re
import urllib.parse
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..network.errors import Failed, Later
from .records import path

#: How often work is started anew that the vendor has lost or calls invalid.
STARTS = 3
#: A wait that the vendor asks for and that is longer ends the step.
AT_ONCE = 1


class Job(NamedTuple):
    """:ivar cursor: where to go on, None: it is over
    :ivar answer: the result; None as long as there is none, an empty dict where nothing was found
    """

    cursor: str | None = None
    answer: dict | None = None


def run_days(adapter, ctx, rest, make_body, window, cursor):
    """Take the next step of the jobs for the days of a window, one job per day: results come in one piece.

    :param make_body: function of a date that returns the body which starts its job
    :return: ``(result or None, cursor or None)``
    """
    zone = ZoneInfo(ctx.tz)
    first, last = (moment.astimezone(zone).date() for moment in (window.start, window.end))
    text, _slash, inner = (cursor or f"{first}/").partition("/")
    day = date.fromisoformat(text)
    job = run_job(adapter, ctx, rest, make_body(day.isoformat()), inner or None)
    if job.cursor is not None:
        return None, f"{day}/{job.cursor}"
    return job.answer, f"{day + timedelta(days=1)}/" if day < last else None


def run_job(adapter, ctx, rest, body, cursor):
    """Take the next step of a job.

    :param rest: path of the operation that starts it
    :param cursor: ``STEP:START:COUNT:ID`` of the step before
    :raise Later: the vendor wants to be asked later
    :raise Failed: he has lost it three times
    """
    step, starts, count, key = (cursor or "start:0:0:").split(":", 3)
    starts, count = int(starts), int(count)
    url = adapter.url(ctx, f"{rest}/{urllib.parse.quote(key, safe='')}")
    if step == "start":
        if starts >= STARTS:
            raise Failed("job", "The vendor gives up work that he was asked for. It is asked for again later.")
        response = ctx.post(adapter.url(ctx, rest), json=body, bucket="async")
        key = _last_part(response)
        if not key:
            raise Failed("job", "The vendor has not said where the result will be.")
        return Job(f"wait:{starts + 1}:0:{key}")
    if step == "wait":
        response = ctx.call("HEAD", url, bucket="async", accept=(404,))
        status = (response.headers.get("Status") or "").lower()
        if response.status == 404 or status == "invalid":
            return Job(f"start:{starts}:{count}:")
        if response.status == 201 or status == "completed":
            return Job(f"fetch:{starts}:{count}:{_last_part(response) or key}")
        seconds = _pause(response)
        if seconds > AT_ONCE:
            raise Later(seconds, "job", "The vendor still works on it.")
        return Job(f"wait:{starts}:{count + 1}:{key}")
    response = ctx.get(url, bucket="async", accept=(404,))
    if response.status == 404:
        return Job(f"start:{starts}:{count}:")
    answer = {} if response.status == 204 else ctx.json(response)
    return Job(None, answer if isinstance(path(answer), dict) else {})


def _last_part(response):
    location = urllib.parse.urlsplit(response.headers.get("Location") or "").path.rstrip("/")
    return urllib.parse.unquote(location.rpartition("/")[2])


def _pause(response):
    found = re.search(r"max-age=(\d{1,6})", response.headers.get("Cache-Control") or "")
    return int(found.group(1)) if found else 10
