"""Addresses as the suppression list keeps them: to be compared, not to be read."""

import hashlib
import re

from apps.messaging.enums import Channel

E164 = re.compile(r"\+[1-9]\d{6,14}")


def normalized(channel: Channel, address: str) -> str:
    """E-mail: lower case, the domain in ASCII, without a name around it. Numbers: digits after a plus.

    What is the same mailbox at some providers only (dots, +tags) stays different. Raises ValueError.
    """
    if channel is Channel.SMS:
        number = re.sub(r"[\s().\-/]", "", address)
        if not E164.fullmatch(number):
            raise ValueError("a number begins with + and its country's code")
        return number
    bare = address.rpartition("<")[2].rstrip("> ") if "<" in address else address
    local, at, domain = bare.strip().lower().rpartition("@")
    if not at or not local or not domain or re.search(r"[\s<>,;]", bare.strip()):
        raise ValueError("this is not an e-mail address")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise ValueError("this is not an e-mail address") from error


def digest(channel: Channel, address: str) -> bytes:
    """SHA-256 of the normalized address.

    Without a key: it has to outlive a change of SECRET_KEY, for a suppressed address that is forgotten is
    written to again. Who has the database can try addresses; who reads the list learns none.
    Raises ValueError.
    """
    return hashlib.sha256(f"{channel.value}:{normalized(channel, address)}".encode()).digest()


def hint(channel: Channel, address: str) -> str:
    """For people who look through the list: `a…@acme.test`, `+49…89`."""
    found = normalized(channel, address)
    if channel is Channel.SMS:
        return f"{found[:3]}…{found[-2:]}"
    local, _at, domain = found.rpartition("@")
    return f"{local[0]}…@{domain}"
