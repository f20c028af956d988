from __future__ import annotations

import os
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.errors import RuntimeUnavailableError, TransientError
from deployer.interfaces import RuntimeDefinition
from deployer.runtimes.catalogue import RUNTIMES
from deployer.runtimes.environments import RuntimeEnvironments

ONNX = next(runtime for runtime in RUNTIMES if runtime.name == "onnx")


def runtime_with(lock: Path, content: str) -> RuntimeDefinition:
    lock.write_text(content)
    return replace(ONNX, requirements=lock)


def test_an_environment_is_named_by_the_content_of_its_lock(tmp_path: Path) -> None:
    environments = RuntimeEnvironments(tmp_path / "environments")
    one = environments.path(runtime_with(tmp_path / "onnx.txt", "a==1\n"))
    other = environments.path(runtime_with(tmp_path / "onnx.txt", "a==2\n"))
    assert one != other
    assert one.name.startswith("onnx-")
    by_name = {runtime.name: environments.path(runtime) for runtime in RUNTIMES}
    assert by_name["xgboost-json"] == by_name["xgboost-ubj"]


def test_what_cannot_be_installed_is_the_operators_matter_and_leaves_nothing_that_looks_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    environments = RuntimeEnvironments(tmp_path / "environments")
    runtime = runtime_with(tmp_path / "onnx.txt", "no-such-distribution-anywhere==1.0\n")
    for _ in range(2):
        with pytest.raises(RuntimeUnavailableError, match=r"runtime\.install_failed"):
            environments.ensure(runtime)
        assert not environments.is_ready(runtime)


def test_an_installation_that_hangs_is_ended(tmp_path: Path) -> None:
    environments = RuntimeEnvironments(tmp_path / "environments", timeout=0.001)
    runtime = runtime_with(tmp_path / "onnx.txt", "a==1\n")
    with pytest.raises(RuntimeUnavailableError, match=r"runtime\.install_timeout"):
        environments.ensure(runtime)


def test_who_waits_too_long_for_another_builder_may_try_again(tmp_path: Path) -> None:
    environments = RuntimeEnvironments(tmp_path / "environments", timeout=0.3)
    runtime = runtime_with(tmp_path / "onnx.txt", "a==1\n")
    with (
        environments._exclusive(environments.path(runtime).name),
        pytest.raises(TransientError, match=r"runtime\.install_busy"),
    ):
        environments.ensure(runtime)


def wheel(folder: Path, name: str, **more: str) -> None:
    """A distribution of one module that knows its version, and of more modules by name and source."""
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}/__init__.py", 'VERSION = "1.0"\n')
        for module, source in more.items():
            archive.writestr(f"{name}/{module.replace('__', '/')}.py", source)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")


def test_two_builders_and_a_half_made_environment_end_in_one_whole_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With small packages under the names that an environment is tried by; other tests serve from the real ones."""
    for name in ("kserve", "uvicorn"):
        wheel(tmp_path, name)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    environments = RuntimeEnvironments(tmp_path / "environments")
    environments.ensure(runtime_with(tmp_path / "other.txt", "kserve==1.0\nuvicorn==1.0\n"))
    runtime = runtime_with(tmp_path / "test.txt", "kserve==1.0\nuvicorn==1.0\n# another\n")
    environment = environments.path(runtime)
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").write_text("half made")

    with ThreadPoolExecutor(2) as pool:
        pythons = set(pool.map(lambda _: environments.ensure(runtime), range(2)))

    assert pythons == {environment / "bin" / "python"}
    assert environments.is_ready(runtime)
    loaded = subprocess.run(
        [str(environment / "bin" / "python"), "-I", "-c", "import kserve; print(kserve.VERSION, kserve.__file__)"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    version, file = loaded.stdout.split()
    assert version == "1.0"
    assert Path(file).is_relative_to(environment)
    assert os.stat(file).st_nlink > 2  # shared with the cache and the other environment  # noqa: PTH116


def test_what_a_server_may_import_is_compiled_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the portal's data lies; a file of another Python's stops nobody."""
    wheel(tmp_path, "kserve", later="LATER = 1\n", old='print "old"\n', tests__case="CASE = 1\n")
    for name in ("uvicorn", "kubernetes"):
        wheel(tmp_path, name)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    environments = RuntimeEnvironments(tmp_path / "tests" / "environments")
    runtime = runtime_with(tmp_path / "test.txt", "kserve==1.0\nkubernetes==1.0\nuvicorn==1.0\n")

    environments.ensure(runtime)

    (packages,) = environments.path(runtime).glob("lib/*/site-packages")
    compiled = {str(path.relative_to(packages)).partition(".cpython")[0] for path in packages.rglob("*.pyc")}
    assert {name for name in compiled if name.startswith(("kserve", "uvicorn", "kubernetes"))} == {
        "kserve/__pycache__/__init__",
        "kserve/__pycache__/later",
        "uvicorn/__pycache__/__init__",
    }
