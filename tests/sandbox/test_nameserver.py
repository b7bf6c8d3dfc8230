"""The sandbox's DNS server, asked as resolvers ask."""

import asyncio
import socket
from typing import Any

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from apps.sandbox import nameserver
from apps.sandbox.nameserver import answer
from tests.zone import Zone

LOCAL = "127.0.0.1"


def ask(zone: Zone, name: str, kind: str = "TXT", **options: object) -> dns.message.Message:
    query = dns.message.make_query(name, kind, **options)  # type: ignore[arg-type]
    return dns.query.udp(query, LOCAL, port=zone.port, timeout=2)


def values(response: dns.message.Message) -> list[bytes]:
    return [b"".join(record.strings) for rrset in response.answer for record in rrset]


def test_records_of_a_name(zone: Zone) -> None:
    zone.records["a.example"] = ["one", "two"]
    response = ask(zone, "A.Example")
    assert response.rcode() == dns.rcode.NOERROR
    assert sorted(values(response)) == [b"one", b"two"]
    assert response.flags & dns.flags.AA
    assert str(response.answer[0].name) == "A.Example."


@pytest.mark.parametrize(
    ("name", "kind"), [("a.example", "A"), ("example", "TXT"), ("example", "SOA")]
)
def test_a_name_without_such_a_record_is_there(zone: Zone, name: str, kind: str) -> None:
    zone.records["a.example"] = ["one"]
    response = ask(zone, name, kind)
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    assert response.authority[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize("name", ["b.example", "x.a.example", "other"])
def test_a_name_that_nobody_has_does_not_exist(zone: Zone, name: str) -> None:
    zone.records["a.example"] = ["one"]
    response = ask(zone, name)
    assert (response.rcode(), response.answer) == (dns.rcode.NXDOMAIN, [])
    assert response.authority[0].rdtype == dns.rdatatype.SOA


def test_a_long_value_comes_in_parts_and_by_tcp(zone: Zone) -> None:
    zone.records["a.example"] = ["x" * 700]
    truncated = ask(zone, "a.example")
    assert truncated.flags & dns.flags.TC
    assert truncated.answer == []
    assert values(ask(zone, "a.example", use_edns=0, payload=1232)) == [b"x" * 700]
    query = dns.message.make_query("a.example", "TXT")
    response = dns.query.tcp(query, LOCAL, port=zone.port, timeout=2)
    assert values(response) == [b"x" * 700]
    assert [len(part) for part in response.answer[0][0].strings] == [255, 255, 190]


def test_a_failing_table_is_a_server_failure(zone: Zone) -> None:
    zone.broken.add("a.example")
    assert ask(zone, "a.example").rcode() == dns.rcode.SERVFAIL


def test_what_is_no_question_gets_no_answer_or_an_error(zone: Zone) -> None:
    assert answer(b"", zone.find) is None
    assert answer(b"short", zone.find) is None
    garbage = answer(b"\x12\x34" + b"\xff" * 30, zone.find)
    assert garbage is not None
    assert (garbage[:2], garbage[3] & 15) == (b"\x12\x34", dns.rcode.FORMERR)
    query = dns.message.make_query("a.example", "TXT")
    query.flags |= dns.flags.QR
    assert answer(query.to_wire(), zone.find) is None
    update = dns.message.make_query("a.example", "TXT")
    update.set_opcode(dns.opcode.NOTIFY)
    found = answer(update.to_wire(), zone.find)
    assert found is not None
    assert dns.message.from_wire(found).rcode() == dns.rcode.NOTIMP
    chaos = ask(zone, "version.bind", rdclass="CH")
    assert chaos.rcode() == dns.rcode.REFUSED


def test_it_goes_on_after_garbage(zone: Zone) -> None:
    zone.records["a.example"] = ["one"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for datagram in (b"", b"\0" * 11, b"\xff" * 600, b"GET / HTTP/1.1\r\n\r\n"):
            client.sendto(datagram, (LOCAL, zone.port))
    with socket.create_connection((LOCAL, zone.port)) as half:
        half.send(b"\x00")
    assert values(ask(zone, "a.example")) == [b"one"]


def test_a_port_that_is_free_for_udp_alone_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    original, refusals = asyncio.start_server, []

    async def refuse_twice(*args: Any, **kwargs: Any) -> asyncio.Server:
        if len(refusals) < 2:
            refusals.append(args[2])
            raise OSError("taken")
        return await original(*args, **kwargs)

    monkeypatch.setattr(asyncio, "start_server", refuse_twice)

    async def listen(port: int) -> int:
        udp, tcp = await nameserver.listen(lambda _name: None, port)
        found = udp.get_extra_info("sockname")[1]
        assert tcp.sockets[0].getsockname()[1] == found
        udp.close()
        tcp.close()
        return int(found)

    free = asyncio.run(listen(0))
    assert len(refusals) == 2
    refusals.clear()
    with pytest.raises(OSError, match="taken"):
        asyncio.run(listen(free))
