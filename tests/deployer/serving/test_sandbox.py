from __future__ import annotations

from pathlib import Path

import pytest

from deployer.errors import RuntimeUnavailableError
from deployer.serving import sandbox
from deployer.serving.sandbox import Placement


@pytest.fixture
def placement(tmp_path: Path) -> Placement:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {tmp_path}/base/bin\nversion_info = 3.11\n")
    return Placement(
        python=tmp_path / "env" / "bin" / "python",
        adapter=sandbox.SERVER_DIR / "xgboost_adapter.py",
        models_dir=tmp_path / "models",
    )


def test_everything_of_the_host_is_bound_read_only(placement: Placement) -> None:
    prefix = sandbox.confine("bubblewrap", placement, info_fd=5, status_fd=6).prefix
    assert {"--bind", "--bind-try", "--dev-bind", "--share-net"} & set(prefix) == set()
    sources = [prefix[place + 1] for place, word in enumerate(prefix) if word == "--ro-bind"]
    assert str(placement.models_dir) in sources
    assert {"/", "/etc", "/home", "/root", "/tmp", "/var", "/usr"} & set(sources) == set()


@pytest.mark.parametrize("option", ["--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--cap-drop"])
def test_every_namespace_is_the_models_own(placement: Placement, option: str) -> None:
    assert option in sandbox.confine("bubblewrap", placement, info_fd=5, status_fd=6).prefix


def test_served_models_outlive_the_worker(placement: Placement) -> None:
    assert "--die-with-parent" not in sandbox.confine("bubblewrap", placement, info_fd=5, status_fd=6).prefix


def test_an_environment_without_a_base_is_broken(placement: Placement) -> None:
    (placement.python.parent.parent / "pyvenv.cfg").write_text("version_info = 3.11\n")
    with pytest.raises(RuntimeUnavailableError, match=r"runtime\.environment_broken"):
        sandbox.confine("bubblewrap", placement, info_fd=5, status_fd=6)


def test_a_required_sandbox_that_does_not_work_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox._works.cache_clear()
    try:
        with pytest.raises(RuntimeUnavailableError, match=r"serving\.sandbox_missing"):
            sandbox.choose("bubblewrap")
        assert sandbox.choose("auto") == "none"
        assert sandbox.choose("none") == "none"
    finally:
        sandbox._works.cache_clear()


def test_the_environment_is_the_models_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "planted")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    variables = sandbox.environment(2)
    assert "planted" not in variables.values()
    assert (variables["OMP_NUM_THREADS"], variables["OPENBLAS_CORETYPE"]) == ("2", "Haswell")
