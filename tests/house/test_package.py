"""What a person gets who installs the package: the four packages and a built front end, without Node."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import front_end
import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    if not front_end.is_current(ROOT):
        pytest.skip("the front end is not built: run scripts/setup")
    folder = tmp_path_factory.mktemp("sdist")
    build("--sdist", ROOT, folder)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder)  # noqa: S202 - our own archive, written a second ago
    return archive.with_suffix("").with_suffix("")


def build(kind: str, source: Path, folder: Path) -> None:
    """Build with uv, as an installer would."""
    uv = Path(sys.executable).parent / "uv"
    done = subprocess.run(  # noqa: S603 - our own environment's uv
        [uv, "build", kind, "--out-dir", folder, source], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_source_distribution_carries_every_hashed_file_and_the_built_front_end(sdist: Path) -> None:
    assert front_end.stamp(sdist) == front_end.stamp(ROOT)
    assert front_end.is_current(sdist)


def test_the_source_distribution_carries_no_installed_packages(sdist: Path) -> None:
    assert not (sdist / "static" / "node_modules").exists()


def test_a_wheel_built_from_it_needs_no_node_and_carries_the_pages(sdist: Path, tmp_path: Path) -> None:
    build("--wheel", sdist, tmp_path)
    assert not (sdist / "static" / "node_modules").exists()
    (archive,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(archive).namelist()
    assert "static/dist/index.html" in names
    assert {name.split("/")[0] for name in names if not name.startswith("slidereel-")} == {
        "annotations",
        "ground",
        "server",
        "static",
        "tiling",
        "video",
    }
    assert not [name for name in names if name.startswith("static/") and not name.startswith("static/dist/")]
