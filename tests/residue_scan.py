"""Look for what is left of a person in a database, its filestore and logs.

    residue_scan.py DSN --tokens TOKEN ... [--filestore DIR] [--logs FILE ...] [--allow TABLE.COLUMN ...]

Prints every place and ends with 1 when one is not allowed.
"""

import argparse
import importlib.util
import os
import pathlib
import sys
import time

import psycopg2

_PATH = pathlib.Path(__file__).parents[1] / "hospitality_crm" / "tests" / "residue.py"
_SPEC = importlib.util.spec_from_file_location("residue", _PATH)
residue = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(residue)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dsn")
    parser.add_argument("--filestore")
    parser.add_argument("--logs", nargs="*", default=[])
    parser.add_argument("--allow", nargs="*", default=[])
    parser.add_argument("--tokens", nargs="+", required=True)
    options = parser.parse_args()
    began = time.monotonic()
    files = [os.path.join(root, name) for root, _dirs, names in os.walk(options.filestore or "") for name in names]
    connection = psycopg2.connect(options.dsn)
    connection.set_session(readonly=True, autocommit=True)
    found, dirty, tables, rows = residue.scan(connection.cursor(), options.tokens, [*files, *options.logs])
    bad = len(dirty)
    for place, hits in found.items():
        allowed = place in options.allow or f"{place.partition('.')[0]}.*" in options.allow
        bad += not allowed
        print("allowed" if allowed else "RESIDUE", place, hits)
    for path in dirty:
        print("RESIDUE", path)
    print(f"{tables} tables, {rows} rows, {len(files)} files, {time.monotonic() - began:.1f} s, residues: {bad}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
