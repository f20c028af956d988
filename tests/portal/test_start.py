from __future__ import annotations

import socket
from pathlib import Path

import pytest

from portal.data_folder import load_secret_key, made_folder
from portal.supervisor import why_not_bindable
from tests.ports import free_port


def test_a_taken_port_is_named_with_another_to_choose() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]

        said = why_not_bindable("127.0.0.1", port)

    assert f"127.0.0.1:{port} is in use." in said
    assert "MODEL_COMMONS_PORT=" in said
    assert why_not_bindable("127.0.0.1", port) == ""


def test_an_address_of_another_machine_is_not_called_in_use() -> None:
    said = why_not_bindable("192.0.2.1", 8000)
    assert "MODEL_COMMONS_LISTEN_HOST='192.0.2.1' is not an address of this machine" in said


def test_a_data_folder_that_cannot_be_made_names_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for start in (lambda: made_folder(tmp_path / "file" / "tmp"), lambda: load_secret_key(tmp_path / "file" / "data")):
        with pytest.raises(SystemExit, match="MODEL_COMMONS_DATA_DIR"):
            start()


def test_a_read_only_data_folder_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_args: False)  # rights stop everybody but root, who runs some tests
    with pytest.raises(SystemExit, match="it is read-only for this account"):
        made_folder(tmp_path)
