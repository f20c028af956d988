"""Nobody makes the portal fetch an address: no page, form, card or sign-in leads to a request that a person chose."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from registry import services
from registry.checks.runner import run_checks
from tests.architecture import below, project
from tests.factories import CARD, make_account
from tests.registry.sign_in.dance import come_back
from tests.stubs.identity_provider import Provider

pytestmark = [pytest.mark.once, pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
PLACES = (
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/", "http://0.0.0.0:{port}/", "http://127.1:{port}/", "http://127.0.1:{port}/",
    "http://2130706433:{port}/", "http://0x7f000001:{port}/", "http://0x7f.0.0.1:{port}/", "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/", "http://user@127.0.0.1:{port}/", "http://example.org@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.org/", "http://127.0.0.1:{port}/redirect", "//127.0.0.1:{port}/",
    "HTTP://127.0.0.1:{port}/", "http://127.0.0.1.nip.io:{port}/", "http://rebind.example:{port}/",
    "gopher://127.0.0.1:{port}/_x", "ftp://127.0.0.1:{port}/", "http://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
)  # fmt: skip
# Who may speak to the network, and to whom.
SPEAKERS = {
    "registry.sign_in": "providers whose addresses stand in the settings",
    "deployer.serving": "served models, by sockets in the portal's own folder, and the cluster that the settings name",
    "deployer.runtimes": "runs in an environment of its own",
    "portal.supervisor": "asks whether its own port is free",
    "registry.seeding": "runs in an environment of its own",
    "registry.artifacts": "the object storage that the settings name",
    "deployer.oci": "the container registry that the settings name",
    "deployer.probes.content": "the object storage that the settings name",
    "deployer.gateway": "served models, as above",
    "portal.celery": "the broker that the settings name",
    "portal.request_body": "reads what a client sends, and calls nobody",
    "registry.uploads.silence": "limits the wait for what a client sends, and calls nobody",
}
CLIENTS = ("requests", "urllib.request", "http.client", "socket", "ftplib", "httpx", "aiohttp", "urllib3")


Canary = tuple[int, list[str]]


@pytest.fixture
def canary() -> Iterator[Canary]:
    """A listener that nobody has a reason to call; its port and who called."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    caller, address = listener.accept()
                except TimeoutError:
                    continue
                heard.append(str(address))
                caller.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield listener.getsockname()[1], heard
        stop.set()
        thread.join()


def test_no_address_that_a_person_gives_is_called(canary: Canary, provider: Provider) -> None:
    """Each address through one form and a draft; each fifth through a sign-in."""
    give_everywhere(canary, provider, forms=1, sign_in_every=5)


@pytest.mark.long
def test_no_address_is_called_whichever_way_it_is_given(canary: Canary, provider: Provider) -> None:
    give_everywhere(canary, provider, forms=6, sign_in_every=1)


def give_everywhere(canary: Canary, provider: Provider, *, forms: int, sign_in_every: int) -> None:
    port, heard = canary
    account, client = make_account("amina"), Client(raise_request_exception=False)
    client.force_login(account)

    for number, place in enumerate(PLACES):
        address = place.format(port=port)
        ways = ways_to_give(address)
        for step in range(forms):
            client.post(*ways[(number + step) % len(ways)])
        if number % sign_in_every == 0:
            come_back(Client(), next=address, auth_params=f"redirect_uri={address}")
        through_a_draft(account, number, address)

    assert len(PLACES) == 25
    assert provider.asked.count("/token") == 25 // sign_in_every, "the sign-ins took place"
    assert heard == []


def ways_to_give(address: str) -> list[tuple[str, dict[str, Any]]]:
    fields = ("next", "url", "name", "summary", "email", "login", "password", "username", "redirect_uri", "tus_url")
    form = dict.fromkeys(fields, address)
    places = ("/theme/", "/submit/", "/accounts/signup/", "/accounts/login/", "/accounts/email/", "/account/tokens/")
    return [(place, form) for place in places]


def through_a_draft(account: Any, number: int, address: str) -> None:
    draft = services.register_model(
        actor=account, name=f"model-{number}", summary=address[:200], task="tabular-classification"
    )
    card = CARD.replace("# Iris", f"# Iris\n\n![x]({address}) <{address}> [y]({address})\n")
    services.update_draft(
        version=draft, actor=account, card_source=card.replace("license:", f"image: {address}\nlicense:")
    )
    draft.refresh_from_db()
    run_checks(version=draft, frozen=False)


def test_whoever_may_speak_to_the_network_is_named() -> None:
    speakers = {
        source.module
        for source in project()
        for name in source.imports
        if below(name, *CLIENTS) and not source.within(*SPEAKERS)
    }
    assert speakers == set(), "name a new speaker, and whose addresses it calls"
