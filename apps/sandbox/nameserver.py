"""A DNS server (RFC 1035) that answers for all names, on dnspython: the far end of proofs of domains.

It knows TXT records, and for tests addresses. A name that has no record, and none below it, does not exist.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset
import structlog
from asgiref.sync import sync_to_async

log = structlog.get_logger(__name__)

# Values of a name's TXT records, empty for a name without; None for a name that is not there.
# name: lower case, without the dot at the end.
Find = Callable[[str], list[str] | None]
# IPv4 and IPv6 addresses of a name.
Addresses = Callable[[str], list[str]]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]

TTL_S = 5
# Says how long one may remember that something is not there (RFC 2308).
SOA = dns.rrset.from_text(
    ".", TTL_S, "IN", "SOA", f"sandbox. hostmaster.sandbox. 1 60 60 60 {TTL_S}"
)
UDP_MIN, UDP_MAX, TCP_MAX = 512, 1232, 65_535
FREE_PORTS_TRIED = 20
FAMILIES = (dns.rdatatype.A, dns.rdatatype.AAAA)
PART = 255  # bytes in one string of a TXT record


def answer(
    wire: bytes, find: Find, *, is_udp: bool = True, addresses: Addresses | None = None
) -> bytes | None:
    """The answer to one message; None for what is no question. An answer too long for UDP says so (TC)."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        # With the question's id; there is nothing else in it to answer.
        return wire[:2] + b"\x80\x01" + bytes(8) if len(wire) >= 12 else None
    if query.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(query, recursion_available=True)
    response.flags |= dns.flags.AA
    response.set_rcode(_fill(query, response, find, addresses))
    limit = TCP_MAX
    if is_udp:
        limit = min(max(query.payload, UDP_MIN), UDP_MAX) if query.edns >= 0 else UDP_MIN
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()


def _fill(
    query: dns.message.Message,
    response: dns.message.Message,
    find: Find,
    addresses: Addresses | None,
) -> dns.rcode.Rcode:
    """Put records into the response; returns its code."""
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN:
        return dns.rcode.REFUSED
    try:
        if addresses is not None and question.rdtype in FAMILIES:
            found = addresses(question.name.to_text(omit_final_dot=True).lower())
            if found:
                _fill_addresses(question, response, found)
                return dns.rcode.NOERROR
        values = find(question.name.to_text(omit_final_dot=True).lower())
    except Exception:
        log.exception("sandbox.dns_failed")
        return dns.rcode.SERVFAIL
    if values and question.rdtype in (dns.rdatatype.TXT, dns.rdatatype.ANY):
        records = [_txt(value) for value in values]
        response.answer.append(dns.rrset.from_rdata_list(question.name, TTL_S, records))
    else:
        response.authority.append(SOA)
    return dns.rcode.NXDOMAIN if values is None else dns.rcode.NOERROR


def _fill_addresses(
    question: dns.rrset.RRset, response: dns.message.Message, found: list[str]
) -> None:
    fitting = [one for one in found if (":" in one) == (question.rdtype == dns.rdatatype.AAAA)]
    if fitting:
        kind = dns.rdatatype.to_text(question.rdtype)
        response.answer.append(dns.rrset.from_text(question.name, 0, "IN", kind, *fitting))
    else:
        response.authority.append(SOA)


def _txt(value: str) -> dns.rdtypes.ANY.TXT.TXT:
    data = value.encode()
    parts = [data[start : start + PART] for start in range(0, len(data), PART)]
    return dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, parts)


class _Udp(asyncio.DatagramProtocol):
    transport: asyncio.DatagramTransport

    def __init__(self, find: Find, addresses: Addresses | None) -> None:
        self.find, self.addresses = find, addresses
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own class of it does not say that it is one.
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.ensure_future(self._reply(data, addr))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _reply(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = await sync_to_async(answer)(data, self.find, addresses=self.addresses)
        if reply is not None:
            self.transport.sendto(reply, addr)


async def listen(
    find: Find, port: int, addresses: Addresses | None = None
) -> tuple[asyncio.DatagramTransport, asyncio.Server]:
    """Listen on 127.0.0.1, by UDP and by TCP on one port; the caller closes both.

    port: 0 for a free one. Raises OSError when it is taken.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One message, with its length before it (RFC 1035, section 4.2.2)."""
        try:
            wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
            reply = await sync_to_async(answer)(wire, find, is_udp=False) or b""
            writer.write(len(reply).to_bytes(2) + reply)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    # A port that is free for UDP may be taken for TCP.
    attempts = 1 if port else FREE_PORTS_TRIED
    while True:
        attempts -= 1
        try:
            return await _listen(find, addresses, serve, port)
        except OSError:
            if not attempts:
                raise


async def _listen(
    find: Find, addresses: Addresses | None, serve: Serve, port: int
) -> tuple[asyncio.DatagramTransport, asyncio.Server]:
    udp, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Udp(find, addresses), local_addr=("127.0.0.1", port)
    )
    try:
        tcp = await asyncio.start_server(serve, "127.0.0.1", udp.get_extra_info("sockname")[1])
    except OSError:
        udp.close()
        raise
    return udp, tcp
