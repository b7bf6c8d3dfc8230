"""A workspace's own words: saved, used, refused, and what becomes of them when they break."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.common.notifying import notification_type
from apps.events.models import OutboxEvent
from apps.notifications.content import Words, content_of
from apps.notifications.models import Notification, TemplateOverride
from apps.notifications.own_words import example_content
from apps.notifications.selectors_templates import template_for, templates_for
from apps.notifications.services import template_reset, template_set
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db
JOINED = "organizations.member_joined"


def events() -> list[str]:
    rows = OutboxEvent.objects.filter(name__startswith="notifications.template_")
    return list(rows.order_by("position").values_list("name", flat=True))


def test_set_change_and_reset(owner: Actor) -> None:
    given = Words(" Welcome {{ email }} ", "Line\r\n\r\nAnother", "")
    template = template_set(actor=owner, code=JOINED, language="de", words=given)
    row = TemplateOverride.objects.get()
    assert (row.kind, row.language) == (JOINED, "de")
    assert template.words == Words("Welcome {{ email }}", "Line\n\nAnother", "")
    template_set(actor=owner, code=JOINED, language="de", words=given)
    template_set(actor=owner, code=JOINED, language="de", words=Words("Hello"))
    assert template_for(owner, JOINED, "de").words == Words("Hello")
    assert template_for(owner, JOINED, "en").own is None
    template_reset(actor=owner, code=JOINED, language="de")
    template_reset(actor=owner, code=JOINED, language="de")
    assert not TemplateOverride.objects.exists()
    changed = "notifications.template_changed"
    assert events() == [changed, changed, "notifications.template_reset"]


def test_nothing_but_empty_words_is_a_reset(owner: Actor) -> None:
    template_set(actor=owner, code=JOINED, language="en", words=Words("Hello"))
    template_set(actor=owner, code=JOINED, language="en", words=Words(" ", "\n", ""))
    assert not TemplateOverride.objects.exists()


@pytest.mark.parametrize(
    ("words", "attr", "code"),
    [
        (Words("{{ nobody }}"), "title", "variable_unknown"),
        (Words("x", "{{ member.email }}"), "body", "variable_unknown"),
        (Words("{{ email"), "title", "template_invalid"),
        (Words("x", "", "{% include 'a' %}"), "action", "template_invalid"),
        (Words("a\nb"), "title", "one_line"),
        (Words("a\r\nBcc: x@example.com"), "title", "one_line"),
        (Words("x" * 301), "title", "max_length"),
        (Words("x", "x" * 10_001), "body", "max_length"),
        (Words("{% if false %}x{% endif %}"), "title", "empty"),
    ],
)
def test_what_cannot_be_filled_in_is_refused(
    owner: Actor, words: Words, attr: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        template_set(actor=owner, code=JOINED, language="en", words=words)
    assert [(one.attr, one.code) for one in caught.value.errors] == [(attr, code)]
    assert not TemplateOverride.objects.exists()
    assert events() == []


def test_unknown_names_are_told_with_those_that_there_are(owner: Actor) -> None:
    with pytest.raises(InvalidInput) as caught:
        template_set(actor=owner, code=JOINED, language="en", words=Words("{{ mail }}"))
    (error,) = caught.value.errors
    assert str(error.detail) == (
        "There is no mail here. There are: actor, email, member_id, person_id, tenant."
    )


def test_who_may_not_and_what_is_not_there(owner: Actor, member: Actor) -> None:
    for act in (template_set, template_reset):
        extra: Any = {"words": Words("x")} if act is template_set else {}
        with pytest.raises(PermissionDenied):
            act(actor=member, code=JOINED, language="en", **extra)
        for code, language in (("gone.thing", "en"), (JOINED, "fr")):
            with pytest.raises(NotFound):
                act(actor=owner, code=code, language=language, **extra)
    with pytest.raises(PermissionDenied):
        templates_for(member)


def test_every_type_is_listed_in_every_language(owner: Actor) -> None:
    found = templates_for(owner)
    assert {one.language for one in found} == {"en", "de"}
    assert len(found) == 2 * len({one.kind.code for one in found})


def notification(params: dict[str, Any]) -> Notification:
    return Notification(kind=JOINED, params=params, actor_label="bob@acme.test")


def test_the_reader_gets_them_in_their_language(owner: Actor, acme: Tenant) -> None:
    kind = notification_type(JOINED)
    assert kind is not None
    one = notification({"email": "dana@example.com", "member_id": "1"})
    own = TemplateOverride(kind=JOINED, language="de", title="{{ actor }}: {{ email }}")
    content = content_of(kind, one, acme, "de", own)
    assert content.title == "bob@acme.test: dana@example.com"
    assert content.action == "Mitglied ansehen"
    assert content_of(kind, one, acme, "en").title == "dana@example.com joined Acme"


def test_words_that_broke_meanwhile_cost_nothing(acme: Tenant) -> None:
    kind = notification_type(JOINED)
    assert kind is not None
    own = TemplateOverride(title="{{ email | divided_by: 0 }}", body="{% if %}", action="Go")
    content = content_of(
        kind, notification({"email": "d@x.test", "member_id": "1"}), acme, "en", own
    )
    assert (content.title, content.body, content.action) == ("d@x.test joined Acme", "", "Go")


def test_a_title_of_which_nothing_is_left_is_the_platforms(acme: Tenant) -> None:
    kind = notification_type(JOINED)
    assert kind is not None
    own = TemplateOverride(title="{{ gone }} ")
    one = notification({"email": "d@x.test", "member_id": "1"})
    assert content_of(kind, one, acme, "en", own).title == "d@x.test joined Acme"


def test_what_values_say_stays_text(acme: Tenant, alice: Person) -> None:
    from apps.notifications.channels.email import mail_of

    kind = notification_type(JOINED)
    assert kind is not None
    bad = "<img src=x onerror=alert(1)>\r\nBcc: x@example.com\x00\u202e"
    own = TemplateOverride(title="{{ email }}", body="{{ email }} javascript:alert(1)")
    one = notification({"email": bad, "member_id": "//evil.test/?a=b"})
    content = content_of(kind, one, acme, "en", own)
    assert content.title == "<img src=x onerror=alert(1)> Bcc: x@example.com"
    assert content.url == "http://acme.localhost:8000/members///evil.test/?a=b/"
    mail = mail_of(content, acme, alice.email, "en")
    assert mail.subject == "<img src=x onerror=alert(1)> Bcc: x@example.com"
    html = str(mail.alternatives[0][0])
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert 'href="javascript' not in html
    assert "\u202e" not in html
    assert "Bcc" not in mail.message()


def test_the_example_of_every_type_in_every_language(owner: Actor, acme: Tenant) -> None:
    for template in templates_for(owner):
        content = example_content(template.kind, template.language, acme, Words())
        assert content.title
        assert content.url.startswith("http://acme.localhost:8000/")
        assert "{{" not in content.title + content.body + content.action
