"""The scripts that pages load: the same from npm and from the CDN, checked, and nothing beside."""

import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import offline  # noqa: E402
import scripts  # noqa: E402
import vendor  # noqa: E402

sys.path.remove(str(ROOT / "tools"))

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
NAMED = [CONFIG["mathjax_path"], *CONFIG["nb_ipywidgets_js"]]
PAGE = """<script src="{0}requirejs@2.3.8/require.js" defer></script>
<script data-jupyter-widgets-cdn="{0}" src="{0}@jupyter-widgets/html-manager@1.0.15/x.js"></script>
<p>Scripts come from {0}.</p>"""


@pytest.mark.parametrize("address", NAMED)
def test_the_configuration_names_the_versions_that_npm_brings(address):
    package = next(p for p in vendor.PACKAGES if address.startswith(f"{vendor.CDN}{p}/"))
    file = address.removeprefix(f"{vendor.CDN}{package}/")
    assert vendor.USED.fullmatch(file)


def test_every_package_is_used():
    assert all(any(f"/{package}/" in a for a in NAMED) for package in vendor.PACKAGES)


def test_pages_load_the_local_copies_and_widgets_know_where_they_are():
    local = scripts.with_scripts_from(PAGE.format(vendor.CDN), "../_static/npm/")
    assert local.count(vendor.CDN) == 1  # the sentence, which is no script
    assert '"../_static/npm/@jupyter-widgets/html-manager@1.0.15/dist"' in local
    assert local.index("window.require") < local.index("require.js")
    assert scripts.with_scripts_from(local, "../_static/npm/") == local


def test_a_page_without_widgets_gets_no_setting():
    assert "window.require" not in scripts.with_scripts_from("<script src='a.js'>", vendor.CDN)


def archive(folder: Path, **files: str) -> Path:
    """Make a package as npm packs it."""
    path = folder / "some-1.0.0.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            source = folder / "text"
            source.write_text(text)
            tar.add(source, f"package/{name}")
    return path


@pytest.fixture
def npm(monkeypatch, tmp_path):
    """Put a folder in the place of _build/vendor, and an archive in npm's."""
    made = archive(tmp_path, **{"require.js": "ours", "bin/r.js": "not used"})
    monkeypatch.setattr(vendor, "VENDOR", tmp_path / "vendor")
    monkeypatch.setattr(vendor, "download", lambda package, folder: made)
    (tmp_path / "vendor").mkdir()
    return made


def test_a_package_that_is_what_it_was_is_unpacked(npm):
    vendor.fetch("some@1.0.0", vendor.integrity(npm))
    folder = vendor.VENDOR / "some@1.0.0"
    assert [file.name for file in folder.rglob("*")] == ["require.js"]
    assert vendor.local_file(f"{vendor.CDN}some@1.0.0/require.js") == folder / "require.js"
    assert vendor.local_file(f"{vendor.CDN}some@1.0.0/../../secret") is None
    assert vendor.local_file("https://elsewhere.example/require.js") is None


def test_a_package_that_has_changed_is_refused(npm):
    with pytest.raises(vendor.VendorError, match="not the package it was"):
        vendor.fetch("some@1.0.0", "sha512-AAAA")
    assert list(vendor.VENDOR.iterdir()) == []


def test_without_npm_the_book_keeps_the_cdn_and_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(vendor.shutil, "which", lambda name: None)
    monkeypatch.setattr(vendor, "VENDOR", tmp_path / "vendor")
    book = tmp_path / "html"
    (book / "_static").mkdir(parents=True)
    (book / "_static" / "documentation_options.js").write_text("")
    (book / "index.html").write_text(PAGE.format(vendor.CDN))
    scripts.add_scripts(book)
    assert f'src="{vendor.CDN}requirejs' in (book / "index.html").read_text()
    assert "npm is missing" in capsys.readouterr().out


def test_the_copy_of_the_widgets_script_does_not_warn_of_its_own_schema(monkeypatch, tmp_path):
    source = tmp_path / "vendor" / scripts.WIDGETS / "dist" / "embed-amd.js"
    source.parent.mkdir(parents=True)
    source.write_text('{strictTypes:a?b:"log",strictTuples:a?b:"log"}')
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "documentation_options.js").write_text("")
    monkeypatch.setattr(scripts, "vendor", lambda: tmp_path / "vendor")
    scripts.use_local_scripts(tmp_path)
    copy = tmp_path / scripts.FOLDER / scripts.WIDGETS / "dist" / "embed-amd.js"
    assert copy.read_text() == '{strictTypes:a?b:false,strictTuples:a?b:"log"}'
    assert '"log",strictTuples' in source.read_text()


@pytest.mark.parametrize(
    "asked",
    [
        '<script src="https://a.example/x.js"></script>',
        '<img src="//a.example/x.png">',
        '<link rel="stylesheet" href="https://a.example/x.css">',
        '<p style="background: url(https://a.example/x.png)">',
        '<object data="https://a.example/x.svg"></object>',
    ],
)
def test_a_request_to_another_host_is_found(tmp_path, asked):
    (tmp_path / "index.html").write_text(asked)
    assert len(list(offline.other_hosts(tmp_path))) == 1


def test_links_and_addresses_in_texts_are_no_requests(tmp_path):
    page = '<a href="https://a.example/">https://a.example/x.js</a>'
    (tmp_path / "index.html").write_text(f'{page}<link rel="canonical" href="https://b.example/">')
    (tmp_path / "style.css").write_text("p { background: url(image.png) }")
    assert list(offline.other_hosts(tmp_path)) == []


def test_the_zip_is_put_in_place_whole(tmp_path):
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "index.html").write_text("here")
    offline.write_zip(folder, tmp_path / "book.zip")
    with offline.zipfile.ZipFile(tmp_path / "book.zip") as made:
        assert made.namelist() == ["book/index.html"]
    assert not (tmp_path / "book.part").exists()
