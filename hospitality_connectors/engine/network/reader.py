"""How far a stream has been read, and what to read next: values in, values out.

A window ends at a fixed time before its first page is fetched, so that a vendor who sorts the newest first can be read
to the end as well. It begins ``overlap`` before the end of the last one; records that are read twice are recognised by
the inbox. Progress moves in the same transaction as the records of the page.
"""

from datetime import date, datetime, timedelta, timezone
from hashlib import blake2b
from typing import NamedTuple

from ..adapter import Window
from .errors import NetworkError

#: How often a window is read again because records have moved between its pages.
PASSES = 5
#: Pages without anything new after which a stream goes in circles.
STALE_PAGES = 2
#: Pages of a window; what is longer isn't believed.
MOST_PAGES = 100_000
REMEMBERED = 2000


class Loop(NetworkError):
    """The vendor's pages go in circles. The window is given up; a person has to look at it."""

    def __init__(self, message):
        super().__init__("loop", message)


class Progress(NamedTuple):
    """State of a stream; plain values that JSON can hold.

    :ivar until: ISO time (sweeps: date) up to which everything was read
    :ivar start, end: window that is being read, None between windows
    :ivar cursor: of the page that comes next
    :ivar pages: read in this pass
    :ivar seen: hashes of the cursors of this pass
    :ivar stale: pages in a row that held no key that the pass had not seen
    :ivar keys: hashes of the keys that the pass has seen, as far as they are remembered
    :ivar total: the vendor's count at the first page of the pass
    :ivar passes: of this window
    :ivar records: read in this window
    """

    until: str | None = None
    start: str | None = None
    end: str | None = None
    cursor: str | None = None
    pages: int = 0
    seen: tuple = ()
    stale: int = 0
    keys: tuple = ()
    total: int | None = None
    passes: int = 0
    records: int = 0

    @classmethod
    def load(cls, value):
        """Return the state of what :meth:`dump` gave; unknown keys are ignored, missing ones are as at the start."""
        value = {key: item for key, item in (value or {}).items() if key in cls._fields}
        return cls(**{key: tuple(item) if isinstance(item, list) else item for key, item in value.items()})

    def dump(self):
        """Return what JSON can hold, without what is as at the start."""
        blank = self._field_defaults
        return {
            key: list(item) if isinstance(item, tuple) else item
            for key, item in self._asdict().items()
            if item != blank[key]
        }

    def is_reading(self):
        """Say whether a window, or a run of pages, has begun and not ended."""
        return self.end is not None or self.pages > 0


def plan(progress, stream, now, since):
    """Return what to read next.

    :param Progress progress:
    :param Stream stream:
    :param datetime now: aware time at the vendor
    :param datetime since: aware time from which a stream is read that was never read
    :return: ``(Progress, Window or None)``; the window is None for streams without windows
    """
    if not stream.windowed:
        return progress, None
    if stream.kind == "sweep":
        return _plan_sweep(progress, stream, now)
    if progress.end is None:
        start = _time(progress.until) - stream.overlap if progress.until else since
        end = now
        if stream.longest and end - start > stream.longest:
            end = start + stream.longest
        progress = progress._replace(start=_text(start), end=_text(max(end, start)))
    return progress, Window(_time(progress.start), _time(progress.end))


def _plan_sweep(progress, stream, now):
    today = now.date()
    if progress.end is None:
        first, last = (today + timedelta(days=days) for days in stream.days)
        if progress.until and first <= date.fromisoformat(progress.until) <= last:
            first = date.fromisoformat(progress.until)
        end = last + timedelta(days=1)
        if stream.longest:
            end = min(end, first + max(stream.longest, timedelta(days=1)))
        progress = progress._replace(start=first.isoformat(), end=end.isoformat())
    return progress, Window(date.fromisoformat(progress.start), date.fromisoformat(progress.end))


def advance(progress, stream, page, now):
    """Return the state after a page.

    :param Page page: with its records
    :param datetime now: aware time at the vendor
    :return: ``(Progress, done)``; ``done``: nothing more to read until the next time
    :raise Loop: the pages go in circles
    """
    keys = {_hash(f"{record.entity}:{record.external_id}:{record.event_key}") for record in page.records}
    keys |= {_hash(f"{hint.entity}:{hint.external_id}") for hint in page.hints}
    new = keys.difference(progress.keys)
    first = progress.pages == 0
    progress = progress._replace(
        pages=progress.pages + 1,
        records=progress.records + len(page.records) + len(page.hints),
        stale=0 if new or not keys else progress.stale + 1,
        keys=(*progress.keys, *sorted(new))[-REMEMBERED:],
        total=page.total if first else progress.total,
    )
    moved = not first and page.total is not None and progress.total is not None and page.total != progress.total
    if page.has_more:
        return _next_page(progress, stream, page, moved), False
    if stream.windowed and moved and progress.passes + 1 < PASSES:
        # What has left the window, or come into it, has moved the others over the edges of the pages.
        return _begin_pass(progress), False
    return _end(progress, stream, page, now)


def _next_page(progress, stream, page, moved):
    cursor = page.next_cursor
    mark = _hash(cursor or "")
    if stream.kind != "queue":  # each look into a queue is at its head
        if cursor is None:
            raise Loop("The vendor says that there is more, but not where.")
        if mark in progress.seen:
            raise Loop("The vendor's pages lead back to a page that was read already.")
    if progress.stale >= STALE_PAGES:
        raise Loop("The vendor's pages bring the same records again and again.")
    if progress.pages >= MOST_PAGES:
        raise Loop("The vendor's pages have no end.")
    total = progress.total
    if moved:
        total = -1  # differs from whatever the last page says
    return progress._replace(cursor=cursor, seen=(*progress.seen, mark)[-REMEMBERED:], total=total)


def _begin_pass(progress):
    return progress._replace(cursor=None, pages=0, seen=(), stale=0, keys=(), total=None, passes=progress.passes + 1)


def _end(progress, stream, page, now):
    if not stream.windowed:
        return Progress(until=_text(now), cursor=page.next_cursor or progress.cursor), True
    end = progress.end
    if stream.kind == "sweep":
        last = now.date() + timedelta(days=stream.days[1])
        done = date.fromisoformat(end) > last
        return Progress(until=None if done else end), done
    done = now - _time(end) < max(stream.overlap, timedelta(seconds=stream.every))
    return Progress(until=end), done


def has_gap(progress, stream, now):
    """Say whether the vendor has forgotten changes that we have not read."""
    if not stream.keeps or stream.kind != "changes" or not progress.until or progress.end:
        return False
    return now - _time(progress.until) > stream.keeps


def _time(text):
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)


def _text(value):
    return value.astimezone(timezone.utc).isoformat()


def _hash(text):
    return blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()
