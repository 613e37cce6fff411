"""Memory of a process and its children over time."""

import os
import pathlib
import threading


class PeakMemory:
    """Samples the memory of this process and everything it started, while the context is open.

    ``mb`` is the highest sum of the proportional sets (PSS): what a process has alone counts whole, what forked
    processes share counts once, so that it is the memory that the machine gives. ``resident_mb`` is the highest sum of
    the resident sets, in which pages that are shared count once for every process that sees them.
    """

    def __init__(self, interval=0.2):
        self.interval = interval
        self.mb = self.resident_mb = 0.0
        self._stop = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._stop.set()
        self._thread.join()

    def _sample(self):
        while True:
            figures = [_memory(pid) for pid in _family(os.getpid())]
            self.resident_mb = max(self.resident_mb, sum(rss for rss, _pss in figures) / 1024)
            self.mb = max(self.mb, sum(pss for _rss, pss in figures) / 1024)
            if self._stop.wait(self.interval):
                return


def _family(pid):
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def _memory(pid):
    """Resident and proportional set of a process in kB, zeros when it has ended."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    figures = {line.partition(":")[0]: line.split()[1] for line in lines[1:]}
    return int(figures.get("Rss", 0)), int(figures.get("Pss", 0))
