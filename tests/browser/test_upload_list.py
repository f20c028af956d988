"""The upload list in a browser, against a tus server that fails on cue."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.tus_stub import CHUNK_BYTES, SIZE, TusStub

FILES = "#upload-files"
FOLDER = "#upload-folder"


@pytest.fixture
def server() -> Iterator[TusStub]:
    stub = TusStub()
    yield stub
    stub.stop()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, server: TusStub, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    # A refused upload is logged as a failed load whatever the page does; everything else is a fault.
    page.on("console", lambda m: complaints.append(m.text) if "Failed to load resource" not in m.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(server.origin)
    yield page
    server.released.set()
    context.close()
    assert complaints == []


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    return path


def wait_for_upload(page: Page, server: TusStub, path: Path, name: str | None = None) -> None:
    expect(page.locator("[data-files]")).to_contain_text((name or path.name).rsplit("/", 1)[-1])
    assert server.finished[name or path.name] == path.read_bytes()


def interrupt(page: Page, server: TusStub, model: Path) -> None:
    server.hold_at = 2 * CHUNK_BYTES
    page.set_input_files(FILES, model)
    assert server.held.wait(60)
    page.goto("about:blank")
    server.hold_at = None
    page.goto(server.origin)


def test_file_arrives_whole_with_its_path_draft_and_token(page: Page, server: TusStub, model: Path) -> None:
    page.set_input_files(FILES, model)
    wait_for_upload(page, server, model)
    expect(page.locator("[data-uploads] > li")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("All files are uploaded.")
    modified = str(model.stat().st_mtime_ns // 1_000_000)
    assert server.metadata == [{"filename": "model.onnx", "version": "7", "modified": modified}]
    assert None not in server.csrf_tokens


def test_refused_files_say_why_and_are_never_sent(page: Page, server: TusStub, tmp_path: Path) -> None:
    for name in ("head.pkl", "data.xyz"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "big.onnx").write_bytes(bytes(2**20 + 1))
    page.set_input_files(FILES, [tmp_path / "head.pkl", tmp_path / "data.xyz", tmp_path / "big.onnx"])
    uploads = page.locator("[data-uploads]")
    for text in (
        "This is a pickle",
        "skops.io.dump(model",
        "ending in “.xyz” are not accepted",
        "This file is too large.",
    ):
        expect(uploads).to_contain_text(text)
    page.get_by_role("button", name="Remove head.pkl").click()
    expect(uploads.locator("> li")).to_have_count(2)
    assert server.log == []


def test_folder_keeps_its_inner_paths_and_leaves_hidden_files_out(page: Page, server: TusStub, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "a.onnx").write_bytes(b"a")
    (folder / "config.json").write_text("{}")
    (folder / ".secret.json").write_text("{}")
    page.set_input_files(FOLDER, folder)
    expect(page.get_by_role("status")).to_have_text("All files are uploaded.")
    assert set(server.finished) == {"weights/a.onnx", "config.json"}


def test_pause_stops_the_bytes_and_resume_sends_the_rest(page: Page, server: TusStub, model: Path) -> None:
    server.hold_at = CHUNK_BYTES
    page.set_input_files(FILES, model)
    assert server.held.wait(60)
    page.get_by_role("button", name="Pause model.onnx").click()
    resume = page.get_by_role("button", name="Resume model.onnx")
    expect(resume).to_be_focused()
    server.hold_at = None
    server.released.set()
    resume.click()
    wait_for_upload(page, server, model)


def test_after_a_reload_the_same_file_goes_on_where_it_stopped(page: Page, server: TusStub, model: Path) -> None:
    interrupt(page, server, model)
    expect(page.locator("[data-uploads]")).to_contain_text("Choose this file again")
    kept = len(next(iter(server.partials.values())).content)
    server.log.clear()
    page.set_input_files(FILES, model)
    wait_for_upload(page, server, model)
    assert kept >= CHUNK_BYTES
    assert server.log[0].startswith("HEAD")
    assert not [line for line in server.log if line.startswith("POST")]


def test_a_changed_file_of_the_same_size_starts_again(page: Page, server: TusStub, model: Path) -> None:
    interrupt(page, server, model)
    model.write_bytes(random.Random(2).randbytes(SIZE))
    later = model.stat().st_mtime + 60
    os.utime(model, (later, later))
    server.log.clear()
    page.set_input_files(FILES, model)
    wait_for_upload(page, server, model)
    assert [line.split()[0] for line in server.log[:2]] == ["DELETE", "POST"]


def test_what_waits_for_the_file_it_replaces_can_be_paused_and_removed(
    page: Page, server: TusStub, model: Path, tmp_path: Path
) -> None:
    interrupt(page, server, model)
    server.held.clear()
    server.log.clear()
    server.hold_deletes = True
    later = model.stat().st_mtime + 60
    os.utime(model, (later, later))
    page.set_input_files(FILES, model)
    assert server.held.wait(60)
    page.get_by_role("button", name="Pause model.onnx").click()
    page.get_by_role("button", name="Resume model.onnx").click()
    page.get_by_role("button", name="Remove model.onnx").click()
    expect(page.locator("[data-uploads] > li")).to_have_count(0)
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        server.released.set()
    other = tmp_path / "other.onnx"
    other.write_bytes(b"other")
    page.set_input_files(FILES, other)
    wait_for_upload(page, server, other)
    assert [line for line in server.log if line.startswith("POST")] == ["POST other.onnx"]


def test_cut_connections_are_taken_up_again(page: Page, server: TusStub, model: Path) -> None:
    server.cuts = 2
    page.set_input_files(FILES, model)
    wait_for_upload(page, server, model)
    assert [line for line in server.log if line.startswith("HEAD")]


def test_the_servers_refusal_is_shown_and_can_be_tried_again(page: Page, server: TusStub, model: Path) -> None:
    server.refusal = {"title": "No room.", "detail": "Remove other files first."}
    page.set_input_files(FILES, model)
    uploads = page.locator("[data-uploads]")
    expect(uploads).to_contain_text("No room.")
    expect(uploads).to_contain_text("Remove other files first.")
    server.refusal = None
    page.get_by_role("button", name="Try model.onnx again").click()
    wait_for_upload(page, server, model)


def test_a_file_that_is_verified_later_stays_in_sight_until_then(page: Page, server: TusStub, model: Path) -> None:
    server.unlisted.add("model.onnx")
    page.set_input_files(FILES, model)
    uploads = page.locator("[data-uploads]")
    expect(uploads).to_contain_text("The portal is computing its digest")
    server.failure = {"failed": True, "title": "The storage is away.", "body": "An operator must look."}
    expect(uploads).to_contain_text("The storage is away.")
    page.reload()
    expect(uploads).to_contain_text("An operator must look.")
    page.get_by_role("button", name="Try model.onnx again").click()
    expect(uploads).to_contain_text("The portal is computing its digest")
    server.unlisted.clear()
    wait_for_upload(page, server, model)
    expect(uploads.locator("> li")).to_have_count(0)


def test_a_file_that_cannot_be_finished_is_removed_and_one_that_was_dropped_sent_again(
    page: Page, server: TusStub, model: Path
) -> None:
    server.unlisted.add("model.onnx")
    server.failure = {"failed": True, "title": "The storage is away.", "body": ""}
    page.set_input_files(FILES, model)
    uploads = page.locator("[data-uploads]")
    expect(uploads).to_contain_text("The storage is away.")
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.get_by_role("button", name="Remove model.onnx").click()
    expect(uploads.locator("> li")).to_have_count(0)
    server.failure = None
    page.set_input_files(FILES, model)
    expect(uploads).to_contain_text("The portal is computing its digest")
    server.finished.clear()
    expect(uploads).to_contain_text("This upload does not exist.")
    server.unlisted.clear()
    page.get_by_role("button", name="Try model.onnx again").click()
    wait_for_upload(page, server, model)


def test_removing_an_unfinished_upload_drops_its_bytes(page: Page, server: TusStub, model: Path) -> None:
    interrupt(page, server, model)
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.get_by_role("button", name="Remove model.onnx").click()
    expect(page.locator("[data-uploads] > li")).to_have_count(0)
    assert server.partials == {}


def test_without_a_script_the_form_posts(browser: Browser, server: TusStub, model: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.origin)
    page.set_input_files(FILES, model)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(f"{server.origin}/drafts/7/files/add/")
    assert model.read_bytes() in server.finished["plain"]
    context.close()
