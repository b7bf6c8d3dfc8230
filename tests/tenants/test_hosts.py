"""Which names may be a tenant's own domain."""

import pytest

from apps.common.errors import InvalidInput
from apps.tenants.hosts import MAX_LENGTH, domain_normalize

LABEL = "a" * 63
LONGEST = ".".join([LABEL] * 3) + "." + "b" * (MAX_LENGTH - 3 * 64 - 3) + ".io"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("work.acme.test", "work.acme.test"),
        ("  Work.ACME.test. ", "work.acme.test"),
        ("acme.example", "acme.example"),
        ("a-b.c1.d2e.example", "a-b.c1.d2e.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.Example.", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
        ("localhost.example", "localhost.example"),
        ("notlocalhost.xn--p1ai", "notlocalhost.xn--p1ai"),
        (LONGEST, LONGEST),
    ],
)
def test_good_names_in_their_normal_form(typed: str, name: str) -> None:
    assert domain_normalize(typed) == name
    assert domain_normalize(name) == name


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "required"),
        ("  ", "required"),
        (".", "required"),
        ("com", "domain_invalid"),
        ("intranet", "domain_invalid"),
        ("1.2.3.4", "domain_invalid"),
        ("0x7f.0.0.0x1", "domain_invalid"),
        ("::1", "domain_invalid"),
        ("[::1]", "domain_invalid"),
        ("2001:db8::1", "domain_invalid"),
        ("https://work.acme.test", "domain_invalid"),
        ("https://work.acme.test/path", "domain_invalid"),
        ("work.acme.test/", "domain_invalid"),
        ("work.acme.test:443", "domain_invalid"),
        ("work.acme.test:", "domain_invalid"),
        ("alice@acme.test", "domain_invalid"),
        ("*.acme.test", "domain_invalid"),
        ("work..acme.test", "domain_invalid"),
        (".acme.test", "domain_invalid"),
        ("-work.acme.test", "domain_invalid"),
        ("work-.acme.test", "domain_invalid"),
        ("_wrapper-challenge.acme.test", "domain_invalid"),
        ("work acme.test", "domain_invalid"),
        ("work.acme.test\nevil.test", "domain_invalid"),
        ("work.acme.test\0", "domain_invalid"),
        ("work.acme.test'--", "domain_invalid"),
        ("straße.example", "domain_invalid"),
        ("a\u200db.example", "domain_invalid"),
        ("a" * 64 + ".example", "domain_invalid"),
        ("ü" * 60 + ".example", "domain_invalid"),
        ("ü" * 5000 + ".example", "domain_invalid"),
        ("b" + LONGEST, "domain_invalid"),
        ("localhost", "domain_invalid"),
        ("acme.localhost", "domain_reserved"),
        ("a.b.localhost", "domain_reserved"),
        ("ACME.LOCALHOST.", "domain_reserved"),
    ],
)
def test_bad_names_are_refused_beside_the_field(typed: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        domain_normalize(typed)
    assert (caught.value.code, caught.value.errors[0].attr) == (code, "domain")


def test_names_of_the_platform_are_its_own(settings) -> None:
    settings.BASE_DOMAIN = "wrapper.example"
    settings.PUBLIC_HOSTS = ["wrapper.example", "www.other.example"]
    settings.PUBLIC_URL = "https://app.third.example"
    for name in (
        "wrapper.example",
        "acme.wrapper.example",
        "www.other.example",
        "x.www.other.example",
        "app.third.example",
    ):
        with pytest.raises(InvalidInput) as caught:
            domain_normalize(name)
        assert caught.value.code == "domain_reserved"
    for name in ("notwrapper.example", "other.example", "wrapper.example.evil.test"):
        assert domain_normalize(name) == name
