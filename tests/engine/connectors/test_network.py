"""Limits, breaker, reader and session, apart from any vendor."""

import datetime
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospitality_connectors.engine.adapter import Page, Rate, Raw, Stream
from hospitality_connectors.engine.network import limits, local, reader

NOW = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.timezone.utc)


@given(
    rates=st.lists(st.tuples(st.integers(1, 300), st.sampled_from([1, 10, 30, 60, 3600])), min_size=1, max_size=3),
    gaps=st.lists(st.floats(0, 20), max_size=400),
)
def test_no_period_sees_more_than_the_limit(rates, gaps):
    rates = tuple(Rate(count, seconds) for count, seconds in rates)
    level, now, sent = None, 0.0, []
    for gap in gaps:
        now += gap / 100
        wait, level = limits.take(level, rates, now)
        if not wait:
            sent.append(now)
    for rate in rates:
        for first in range(len(sent)):
            inside = [at for at in sent[first:] if at < sent[first] + rate.seconds - 1e-6]
            assert len(inside) <= rate.count


def test_what_was_waited_for_may_go():
    rates = (Rate(3, 1), Rate(100, 60))
    level, now = None, 0.0
    for _call in range(80):
        wait, level = limits.take(level, rates, now)
        if wait:
            now += wait + 1e-6
            wait, level = limits.take(level, rates, now)
        assert not wait
    assert now < 60


def test_breaker_lets_one_probe_through():
    breaker = limits.Breaker()
    for _failure in range(limits.BREAKER_LIMIT):
        assert limits.may_send(breaker, 0.0)[0] == 0
        breaker = limits.after_failure(breaker, 0.0, random.Random(1))
    wait, breaker = limits.may_send(breaker, 0.0)
    assert wait > 0
    wait, breaker = limits.may_send(breaker, wait)
    assert wait == 0
    assert limits.may_send(breaker, 5.0)[0] > 0
    assert limits.may_send(limits.after_success(breaker), 5.0)[0] == 0


def test_pause_is_kept_whatever_succeeds_meanwhile():
    breaker = limits.after_pause(limits.Breaker(), 0.0, 60)
    assert limits.may_send(limits.after_success(breaker), 10.0)[0] == 50


def _page(keys, cursor=None, total=None, key_of=str):
    records = [Raw("stay", str(key), "{}", event_key=key_of(key)) for key in keys]
    return Page(records, cursor, cursor is not None, total=total)


def test_windows_overlap_and_never_skip():
    stream = Stream("stays", longest=datetime.timedelta(days=3), overlap=datetime.timedelta(hours=1))
    progress, since, windows = reader.Progress(), NOW - datetime.timedelta(days=10), []
    done = False
    while not done:
        progress, window = reader.plan(progress, stream, NOW, since)
        windows.append(window)
        progress, done = reader.advance(progress, stream, _page([1]), NOW)
    assert windows[0].start == since
    assert windows[-1].end == NOW
    assert all(right.start == left.end - stream.overlap for left, right in zip(windows, windows[1:], strict=False))
    assert all(window.end - window.start <= stream.longest for window in windows)


def test_window_end_stays_while_pages_are_read():
    stream = Stream("stays")
    progress, window = reader.plan(reader.Progress(), stream, NOW, NOW - datetime.timedelta(days=1))
    progress, done = reader.advance(progress, stream, _page([1], "2"), NOW)
    progress = reader.Progress.load(progress.dump())
    progress, again = reader.plan(progress, stream, NOW + datetime.timedelta(minutes=5), NOW)
    assert not done
    assert again == window
    assert progress.cursor == "2"


def test_moved_records_have_the_window_read_again():
    stream = Stream("stays")
    progress, _window = reader.plan(reader.Progress(), stream, NOW, NOW - datetime.timedelta(minutes=30))
    progress, done = reader.advance(progress, stream, _page([1, 2], "2", total=4), NOW)
    progress, done = reader.advance(progress, stream, _page([4], total=3), NOW)
    assert (done, progress.cursor, progress.passes) == (False, None, 1)
    progress, done = reader.advance(progress, stream, _page([1, 2], "2", total=3), NOW)
    progress, done = reader.advance(progress, stream, _page([3], total=3), NOW)
    assert done
    assert progress.until == NOW.isoformat()


@pytest.mark.parametrize("cursors", [["a", "b", "a"], ["a", "a"]])
def test_cursor_that_comes_back_is_a_loop(cursors):
    progress, _window = reader.plan(reader.Progress(), Stream("stays"), NOW, NOW - datetime.timedelta(days=1))
    with pytest.raises(reader.Loop):
        for number, cursor in enumerate(cursors):
            progress, _done = reader.advance(progress, Stream("stays"), _page([number], cursor), NOW)


def test_same_page_for_ever_is_a_loop():
    progress, _window = reader.plan(reader.Progress(), Stream("stays"), NOW, NOW - datetime.timedelta(days=1))
    with pytest.raises(reader.Loop):
        for number in range(10):
            progress, _done = reader.advance(progress, Stream("stays"), _page([1, 2], str(number)), NOW)
    assert number == 2


def test_queue_is_read_at_its_head_until_it_is_empty():
    stream = Stream("events", kind="queue", windowed=False)
    progress = reader.Progress()
    for number in range(5):
        page = Page([Raw("stay", str(number), "{}")], None, True)
        progress, done = reader.advance(progress, stream, page, NOW)
        assert not done
    progress, done = reader.advance(progress, stream, Page([]), NOW)
    assert done
    assert not progress.is_reading()


def test_endless_cursor_survives_the_last_page():
    stream = Stream("events", windowed=False)
    progress, done = reader.advance(reader.Progress(), stream, Page([], "t1", False), NOW)
    assert done
    assert progress.cursor == "t1"
    progress, done = reader.advance(progress, stream, Page([], None, False), NOW)
    assert progress.cursor == "t1"


def test_sweep_goes_through_its_days_and_begins_anew():
    stream = Stream("arrivals", kind="sweep", days=(-3, 10), longest=datetime.timedelta(days=5))
    progress, windows, done = reader.Progress(), [], False
    while not done:
        progress, window = reader.plan(progress, stream, NOW, NOW)
        windows.append(window)
        progress, done = reader.advance(progress, stream, _page([1]), NOW)
    assert windows[0].start == datetime.date(2026, 11, 19)
    assert windows[-1].end == datetime.date(2026, 12, 3)
    assert all(left.end == right.start for left, right in zip(windows, windows[1:], strict=False))
    assert reader.plan(progress, stream, NOW, NOW)[1].start == windows[0].start


def test_gap_is_seen_when_the_vendor_has_forgotten():
    stream = Stream("stays", keeps=datetime.timedelta(days=7))
    assert not reader.has_gap(reader.Progress(until=(NOW - datetime.timedelta(days=6)).isoformat()), stream, NOW)
    assert reader.has_gap(reader.Progress(until=(NOW - datetime.timedelta(days=8)).isoformat()), stream, NOW)


def test_what_seldom_changes_is_asked_for_after_a_while_only():
    now, asked = [0.0], []
    memo = local.Memo(lambda: now[0])

    def make():
        asked.append(now[0])
        return len(asked)

    assert [memo.get("rooms", make, 60), memo.get("rooms", make, 60), memo.get("rates", make, 60)] == [1, 1, 2]
    now[0] = 61.0
    assert memo.get("rooms", make, 60) == 3
