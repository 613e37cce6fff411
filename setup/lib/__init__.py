"""Set-up tooling: from a bare machine to a running product, its tests and its benchmarks.

Standard library only, but for psycopg2, which comes from the virtual environment that ``venv`` makes.
"""
