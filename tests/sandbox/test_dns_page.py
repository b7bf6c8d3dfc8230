"""Records of the sandbox's DNS server: the page, and the server that answers with them."""

import signal
import subprocess
import sys
import time

import dns.message
import dns.query
import dns.rcode
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from apps.sandbox.models import DnsRecord
from apps.sandbox.records import find
from apps.sandbox.stripe.accounts import demo_account
from apps.sandbox.stripe.models import StripeObject
from tests.accounts.support import PUBLIC
from tests.portal.pages import read

pytestmark = pytest.mark.django_db
PATH = "/sandbox/dns/"
NAME = "_wrapper-challenge.work.acme.test"


@pytest.fixture
def client(world: object) -> Client:
    return Client(HTTP_HOST=PUBLIC)


def records() -> list[tuple[str, str]]:
    return list(DnsRecord.objects.values_list("name", "value"))


def test_add_list_remove(client: Client) -> None:
    empty = client.get(PATH)
    assert "No record yet" in empty.content.decode()
    assert read(empty.content).check() == []
    added = client.post(PATH, {"name": f" {NAME.upper()}. ", "value": " wrapper-verify=x "})
    assert (added.status_code, added["Location"]) == (302, PATH)
    assert records() == [(NAME, "wrapper-verify=x")]
    page = client.get(PATH)
    assert NAME in page.content.decode()
    assert read(page.content).check() == []
    listed = client.get(PATH, headers={"Accept": "application/json"}).json()
    assert listed == {"results": [{"name": NAME, "value": "wrapper-verify=x"}]}
    record = DnsRecord.objects.get()
    assert client.get(f"{PATH}{record.id}/remove/").status_code == 405
    removed = client.post(f"{PATH}{record.id}/remove/")
    assert (removed.status_code, records()) == (302, [])
    assert client.post(f"{PATH}{record.id}/remove/").status_code == 404


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("", "x", "Enter a name"),
        ("a.test", "", "Enter the value of the record."),
        ("a b.test", "x", "This is not a name that DNS knows."),
        ("a..test", "x", "This is not a name that DNS knows."),
        ("x" * 254, "x", "at most 253 characters"),
        ("a" * 64 + ".test", "x", "This is not a name that DNS knows."),
        ("a.test", "x" * 1001, "at most 1000 characters"),
        ("a.test", "tab\there", "Use printable characters only."),
        ("there.test", "x", "This record is there already."),
    ],
)
def test_bad_input_is_named(client: Client, name: str, value: str, message: str) -> None:
    DnsRecord.objects.create(name="there.test", value="x")
    response = client.post(PATH, {"name": name, "value": value})
    assert response.status_code == 422
    assert message in response.content.decode()
    assert read(response.content).check() == []
    assert records() == [("there.test", "x")]


def test_the_form_needs_its_token(world: object) -> None:
    strict = Client(enforce_csrf_checks=True, HTTP_HOST=PUBLIC)
    assert strict.post(PATH, {"name": "a.test", "value": "x"}).status_code == 403
    assert records() == []


def test_what_the_server_is_told() -> None:
    DnsRecord.objects.create(name="a.test", value="one")
    DnsRecord.objects.create(name="a.test", value="two")
    DnsRecord.objects.create(name="x.b.test", value="three")
    assert find("a.test") == ["one", "two"]
    assert find("b.test") == find("test") == []
    assert find("c.test") is find("ab.test") is find("x.a.test") is None


@pytest.mark.django_db(transaction=True)
def test_the_command_answers_with_the_table_until_it_is_stopped(world: object) -> None:
    """The process that the demo runs, with both of its servers."""
    DnsRecord.objects.create(name=NAME, value="wrapper-verify=x")
    # A test clock of the sandbox's Stripe whose time is over: the process takes it away.
    clock = StripeObject.objects.create(
        account=demo_account(),
        kind="test_helpers.test_clock",
        object_id="clock_1",
        created=1,
        data={"id": "clock_1", "object": "test_helpers.test_clock"},
        due_at=2,
    )
    from tests.e2e.running_demo import free_port

    smtp, port = free_port(), free_port()
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    process = subprocess.Popen(
        [
            *(sys.executable, "manage.py", "sandbox"),
            *(f"--smtp-port={smtp}", f"--dns-port={port}"),
        ],
        cwd=settings.BASE_DIR,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": url,
            "REDIS_URL": settings.REDIS_URL,
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"SMTP on 127.0.0.1:{smtp}\n"
        assert process.stdout.readline() == f"DNS on 127.0.0.1:{port}\n"

        def ask(name: str) -> dns.message.Message:
            query = dns.message.make_query(name, "TXT")
            return dns.query.udp(query, "127.0.0.1", port=port, timeout=5)

        assert ask(NAME).answer[0][0].strings == (b"wrapper-verify=x",)
        assert ask("nobody.test").rcode() == dns.rcode.NXDOMAIN
        until_s = time.monotonic() + 60
        while not clock.is_deleted and time.monotonic() < until_s:
            time.sleep(0.1)
            clock.refresh_from_db()
        assert clock.is_deleted
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.communicate()
