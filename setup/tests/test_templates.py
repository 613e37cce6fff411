"""A template database is named by the sources that shape it."""

from setup.lib.templates import sources_hash


def test_only_what_can_shape_a_database_counts(tmp_path):
    addon = tmp_path / "a"
    for folder in ("models", "tests", "readme", "static/tests", "static/src"):
        (addon / folder).mkdir(parents=True)
    (addon / "models" / "x.py").write_text("1")
    before = sources_hash(["a"], tmp_path)
    for path in ("tests/test_x.py", "readme/USAGE.md", "static/tests/tour.js", "README.rst", "models/x.pyc"):
        (addon / path).write_text("new")
    assert sources_hash(["a"], tmp_path) == before
    for path in ("models/x.py", "models/y.py", "static/src/x.js", "__manifest__.py"):
        (addon / path).write_text("new")
        after = sources_hash(["a"], tmp_path)
        assert after != before
        before = after


def test_a_moved_file_counts(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.py").write_text("1")
    before = sources_hash(["a"], tmp_path)
    (tmp_path / "a" / "x.py").rename(tmp_path / "a" / "y.py")
    assert sources_hash(["a"], tmp_path) != before
