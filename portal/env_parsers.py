"""What the text of an environment variable may be: each parser says in a ValueError what it expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAST_PORT = 65_535


def boolean(text: str) -> bool:
    """`1/true/yes/on` or `0/false/no/off`."""
    lowered = text.lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off"}:
        return False
    raise ValueError("expected true or false")


def positive(text: str) -> int:
    """A whole number above zero; underscores may group digits."""
    try:
        number = int(text)
    except ValueError:
        raise ValueError("expected a whole number, without a unit") from None
    if number <= 0:
        raise ValueError("expected a number above zero")
    return number


def not_negative(text: str) -> int:
    """Zero, or as `positive`."""
    return 0 if text.strip() == "0" else positive(text)


def percentage(text: str) -> float:
    """A share in percent, from 0 to 100, with a decimal point."""
    number = float(text)
    if not 0 < number <= 100:  # noqa: PLR2004  # a hundred in a hundred
        raise ValueError("expected a number above 0 and up to 100")
    return number


def port(text: str) -> int:
    """A TCP port."""
    number = positive(text)
    if number > LAST_PORT:
        raise ValueError(f"expected a port from 1 to {LAST_PORT}")
    return number


def address_of(*schemes: str) -> Callable[[str], str]:
    """A parser for an address of one of these schemes, or nothing."""

    def parse(text: str) -> str:
        if text and text.partition("://")[0] not in schemes:
            raise ValueError(f"expected an address that begins with {' or '.join(f'{name}://' for name in schemes)}")
        return text

    return parse


def words(text: str) -> list[str]:
    """A comma-separated list without empty entries."""
    return [word.strip() for word in text.split(",") if word.strip()]


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of networks, as `10.0.0.0/8`."""
    return [ip_network(word) for word in words(text)]


def folder(text: str) -> Path:
    """A folder; a relative one counts from the project's root."""
    return (ROOT / Path(text).expanduser()).resolve()


def optional_folder(text: str) -> Path | None:
    """As `folder`; nothing stays nothing."""
    return folder(text) if text else None


def rate(text: str) -> str:
    """`600/minute`; per second, minute or hour."""
    count, _slash, period = text.partition("/")
    if period not in {"second", "minute", "hour"}:
        raise ValueError("expected a number per second, minute or hour, as in 600/minute")
    return f"{positive(count)}/{period}"


def choice(*allowed: str) -> Callable[[str], str]:
    """A parser for one word of a fixed list."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"expected one of {', '.join(allowed)}")
        return text

    return parse


def web_address(text: str) -> str:
    """An http(s) address without the slash at its end, or nothing."""
    return address_of("http", "https")(text).rstrip("/")


def registry_address(text: str) -> str:
    """`http(s)://host[:port]` without a path, or nothing."""
    scheme, mark, rest = text.rstrip("/").partition("://")
    if text and (scheme not in {"http", "https"} or not mark or not rest or "/" in rest or "@" in rest):
        raise ValueError("expected https://host[:port] without a path or a name")
    return text.rstrip("/")


def repository(text: str) -> str:
    """An OCI repository's name: lower-case words joined by slashes."""
    if re.fullmatch(r"[a-z0-9]+(?:(?:[._-]|__)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._-]|__)[a-z0-9]+)*)*", text) is None:
        raise ValueError("expected lower-case words joined by slashes")
    return text


def key_prefix(text: str) -> str:
    """A folder within a bucket, `team/portal/`, or nothing; the slash at its end is added."""
    if text and re.fullmatch(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*/?", text) is None:
        raise ValueError("expected words joined by slashes")
    return f"{text.rstrip('/')}/" if text else ""


def pairs(text: str) -> dict[str, str]:
    """`name=value,…` without empty entries."""
    found = {}
    for entry in words(text):
        name, mark, value = entry.partition("=")
        if not (mark and name.strip() and value.strip()):
            raise ValueError("expected name=value, separated by commas")
        found[name.strip()] = value.strip()
    return found
