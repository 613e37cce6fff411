"""Reading a machine's apt configuration, in both of its formats."""

from setup.lib import apt

DEB822 = """\
Types: deb
# a comment
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.test/debian
Suites: bookworm
Components: main
"""


def test_both_formats_are_read_and_what_is_off_is_not(tmp_path):
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (folder / "debian.sources").write_text(DEB822)
    (folder / "old.list.disabled").write_text("deb http://disabled.test bookworm main\n")
    (tmp_path / "sources.list").write_text(
        "# deb http://comment.test bookworm main\ndeb [trusted=yes] http://list.test/debian bookworm main contrib\n"
    )
    uris = [source.uri for source in apt.machine_sources(tmp_path)]
    assert uris == ["http://list.test/debian", "http://mirror.test/debian", "http://mirror.test/debian"]


def test_the_mirror_is_the_source_of_the_release_itself():
    sources = [
        apt.Source("http://security.test", "bookworm-security", ("main",)),
        apt.Source("http://vendor.test", "bookworm", ("stable",)),
        apt.Source("http://mirror.test", "bookworm", ("main", "contrib")),
    ]
    assert apt.mirror(sources, "bookworm").uri == "http://mirror.test"
    assert apt.mirror(sources, "trixie") is None


def test_derivatives_count_as_their_family(tmp_path):
    release = tmp_path / "os-release"
    release.write_text('ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\n')
    assert apt.distribution(release) == ("ubuntu", "wilma")
    assert apt.distribution(tmp_path / "absent") == ("", "")
