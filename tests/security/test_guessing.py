"""Passwords cannot be guessed: real web processes, each with its own memory, count tries together."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.test import Client

from registry.sign_in.guessing import network_of
from tests.factories import PASSWORD, make_account
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "c" * 32
WRONG, HELD = "are not correct", "Too many failed"


class Site:
    """A portal behind a proxy, which these tests play: they say from which address a request comes."""

    def __init__(self, folder: Path, processes: int) -> None:
        self.port = free_port()
        foreign = ("MODEL_COMMONS_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "MODEL_COMMONS_DATA_DIR": str(folder),
            "MODEL_COMMONS_DEMO": "false",
            "MODEL_COMMONS_TRUST_PROXY": "true",
        }
        prepare = "import django; django.setup(); from django.core.management import call_command as c; "
        prepare += "c('migrate', verbosity=0); c('createcachetable', verbosity=0)"
        subprocess.run([sys.executable, "-c", prepare], cwd=ROOT, env=self.env, check=True, timeout=120)
        command = [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--workers", str(processes), "--worker-class", "gthread", "--threads", "8", "--preload"]
        self.process = subprocess.Popen(
            [*command, "--log-level", "warning", "--no-control-socket"],
            cwd=ROOT,
            env=self.env,
        )

    def try_password(self, account: str, address: str) -> str:
        """What the page says to a wrong password."""
        body = urlencode({"csrfmiddlewaretoken": TOKEN, "login": account, "password": "a wrong guess"}).encode()
        headers = {
            "Cookie": f"__Host-csrf={TOKEN}",
            "Origin": "https://localhost",
            "Host": "localhost",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": address,
        }
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/accounts/login/", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                page = response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return "limited" if error.code == 429 else f"status {error.code}"
        return "wrong" if WRONG in page else "held" if HELD in page else page[-400:]

    def wait(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                    return
            except OSError:
                time.sleep(0.1)  # no event tells that another process's port answers
        raise AssertionError("the site did not start")


@contextmanager
def site(folder: Path, processes: int) -> Iterator[Site]:
    made = Site(folder, processes)
    try:
        made.wait()
        yield made
    finally:
        made.process.terminate()
        made.process.wait(60)


def judged(tries: int, attempt: Callable[[int], str]) -> list[str]:
    """The answers to so many tries, eight under way at a time."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(attempt, range(tries)))


def check(folder: Path, *, processes: int, tries: int, addresses: int) -> None:
    with site(folder, processes) as live:
        one_address = judged(tries, lambda n: live.try_password(f"person-{n}", "203.0.113.1"))
        one_account = judged(tries, lambda n: live.try_password("victim", f"198.51.100.{n % addresses}"))

    for answers, most in ((one_address, 10), (one_account, 5)):
        assert set(answers) <= {"wrong", "held", "limited"}
        assert 1 <= answers.count("wrong") <= most


def test_two_processes_count_together(tmp_path: Path) -> None:
    check(tmp_path, processes=2, tries=24, addresses=12)


@pytest.mark.long
def test_two_hundred_tries_at_four_processes(tmp_path: Path) -> None:
    check(tmp_path, processes=4, tries=200, addresses=50)


@pytest.mark.django_db
def test_tries_at_others_do_not_crowd_out_the_count_about_an_account() -> None:
    cache.set("victim", 5, 300)

    for number in range(400):  # Django's own default keeps 300 entries
        cache.set(f"person-{number}", 1, 300)

    assert cache.get("victim") == 5


def attempt(password: str, *, address: str, name: str = "victim", host: str = "testserver") -> str:
    """What the sign-in page says to one try."""
    answer = Client(REMOTE_ADDR=address).post(
        "/accounts/login/", {"login": name, "password": password}, headers={"host": host}
    )
    page = answer.content.decode()
    return "in" if answer.status_code == 302 else "wrong" if WRONG in page else "held" if HELD in page else page[-400:]


@pytest.mark.django_db
def test_neither_the_host_nor_the_spelling_gives_more_tries() -> None:
    make_account("victim")

    answers = [
        attempt("wrong", address=f"198.51.100.{n}", host=f"testserver:{1000 + n}", name=name)
        for n, name in enumerate(["victim", "VICTIM", "Victim", "victim "] * 3)
    ]

    assert answers == ["wrong"] * 5 + ["held"] * 7


@pytest.mark.django_db
def test_nobody_is_kept_out_by_wrong_tries_from_elsewhere() -> None:
    make_account("victim")

    assert [attempt("wrong", address="198.51.100.7") for _ in range(7)].count("held") == 2

    assert attempt(PASSWORD, address="203.0.113.9") == "in"


@pytest.mark.django_db
def test_many_networks_together_get_fifty_tries_an_hour() -> None:
    make_account("victim")

    answers = [attempt("wrong", address=f"10.{n}.0.1") for n in range(55)]

    assert answers == ["wrong"] * 50 + ["held"] * 5


@pytest.mark.django_db
def test_right_passwords_are_not_counted() -> None:
    make_account("victim")

    assert {attempt(PASSWORD, address="198.51.100.7") for _ in range(22)} == {"in"}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("a socket", "a socket"),
    ],
)
def test_the_network_of_an_address(address: str, network: str) -> None:
    assert network_of(address) == network
