"""What a look for the record finds: by the sandbox's server, over real UDP."""

import socket
import time

import pytest
from pytest_django import Settings

from apps.tenants import proof
from apps.tenants.checks import dns_resolvers_are_addresses
from apps.tenants.enums import DomainCheck
from apps.tenants.models import Domain
from tests.zone import Zone

NAME = "_wrapper-challenge.work.acme.test"


@pytest.fixture
def domain() -> Domain:
    return Domain(domain="work.acme.test", token="t0k3n")


def test_what_the_owner_is_told(domain: Domain) -> None:
    assert (domain.txt_name, domain.txt_value) == (NAME, "wrapper-verify=t0k3n")


@pytest.mark.parametrize(
    "values",
    [
        ["wrapper-verify=t0k3n"],
        ["other", "wrapper-verify=t0k3n", "v=spf1 -all"],
        ['"wrapper-verify=t0k3n"'],
        [" wrapper-verify=t0k3n "],
    ],
)
def test_found(domain: Domain, zone: Zone, values: list[str]) -> None:
    zone.records[NAME] = values
    assert proof.look_up(domain) == proof.Finding(DomainCheck.FOUND)
    assert zone.asked == [NAME]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["wrapper-verify=other"], "“wrapper-verify=other”"),
        (["wrapper-verify=T0K3N"], "“wrapper-verify=T0K3N”"),
        (["xwrapper-verify=t0k3n"], "“xwrapper-verify=t0k3n”"),
        (["b", "a"], "“a”"),
        (["x" * 300], f"“{'x' * 59}…”"),
        (["bad\x07bell\u202e"], "“bad�bell�”"),
    ],
)
def test_another_value(domain: Domain, zone: Zone, values: list[str], shown: str) -> None:
    zone.records[NAME] = values
    finding = proof.look_up(domain)
    assert finding.code == DomainCheck.OTHER_VALUE
    assert finding.detail.startswith(
        f"There is a TXT record, but its value is {shown}. Put the value"
    )


def test_no_record(domain: Domain, zone: Zone) -> None:
    zone.records["work.acme.test"] = ["v=spf1 -all"]
    finding = proof.look_up(domain)
    assert finding.code == DomainCheck.MISSING
    assert finding.detail.startswith(f"There is no TXT record at {NAME}. Add it;")
    assert zone.asked == [NAME, "work.acme.test"]


def test_no_such_domain(domain: Domain, zone: Zone) -> None:
    zone.records["_wrapper-challenge.other.test"] = ["x"]
    finding = proof.look_up(domain)
    assert finding.code == DomainCheck.NO_DOMAIN
    assert finding.detail.startswith("The name work.acme.test does not exist in DNS.")


def test_a_server_that_fails(domain: Domain, zone: Zone) -> None:
    zone.broken.add(NAME)
    finding = proof.look_up(domain)
    assert finding.code == DomainCheck.NO_ANSWER
    assert finding.detail.startswith("The DNS server of this name did not answer.")


def test_a_server_that_never_answers(
    domain: Domain, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "LIFETIME_S", 0.6)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        settings.DNS_RESOLVERS = [f"127.0.0.1:{silent.getsockname()[1]}"]
        began_s = time.monotonic()
        finding = proof.look_up(domain)
    assert finding.code == DomainCheck.NO_ANSWER
    # Far from the 30 s that a resolver would take by itself.
    assert 0.5 < time.monotonic() - began_s < 10


def test_the_next_server_is_asked(domain: Domain, zone: Zone, settings: Settings) -> None:
    """The first answers nothing."""
    zone.records[NAME] = ["wrapper-verify=t0k3n"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent_port = silent.getsockname()[1]
        settings.DNS_RESOLVERS = [f"127.0.0.1:{silent_port}", f"127.0.0.1:{zone.port}"]
        assert proof.look_up(domain).code == DomainCheck.FOUND


def test_the_longest_name_fits_into_what_is_stored(zone: Zone) -> None:
    label = "a" * 63
    long = Domain(domain=f"{label}.{label}.{label}.{'b' * 38}.io", token="t0k3n")
    assert proof.look_up(long).code == DomainCheck.NO_DOMAIN
    assert len(proof.look_up(long).detail) < 300
    zone.records[long.domain] = ["x"]
    assert proof.look_up(long).code == DomainCheck.MISSING
    assert len(proof.look_up(long).detail) < 300
    zone.records[f"_wrapper-challenge.{long.domain}"] = ["x" * 1000]
    assert proof.look_up(long).code == DomainCheck.OTHER_VALUE
    assert len(proof.look_up(long).detail) < 300


@pytest.mark.parametrize(
    ("entry", "address", "port"),
    [
        ("192.0.2.1", "192.0.2.1", 53),
        ("192.0.2.1:5353", "192.0.2.1", 5353),
        ("2001:db8::1", "2001:db8::1", 53),
        ("[2001:db8::1]", "2001:db8::1", 53),
        ("[2001:db8::1]:5353", "2001:db8::1", 5353),
    ],
)
def test_servers_are_named_by_address(
    settings: Settings, entry: str, address: str, port: int
) -> None:
    settings.DNS_RESOLVERS = [entry]
    (found,) = proof.nameservers()
    assert (found.address, found.port) == (address, port)


@pytest.mark.parametrize("entry", ["dns.example", "192.0.2.1:x", "", "192.0.2.300"])
def test_a_wrong_server_is_an_error(settings: Settings, entry: str) -> None:
    settings.DNS_RESOLVERS = [entry]
    with pytest.raises(ValueError, match=r"IP|IPv4|int|address"):
        proof.nameservers()
    (error,) = dns_resolvers_are_addresses()
    assert error.id == "tenants.E005"
