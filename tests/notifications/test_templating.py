"""What strangers may write, and what it may cost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.notifications.templating import TemplateProblem, render, variables_of

VALUES = {"tenant": "Acme", "used": 8, "email": "<b>x</b>", "self": 1}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ tenant }}: {{ used | plus: 2 }}", "Acme: 10"),
        ("{% if used > 3 %}many{% else %}few{% endif %}", "many"),
        ("{{ self }}{{ nobody }}", "1"),
        ("{{ tenant.__class__ }}{{ tenant['__class__'] }}{{ tenant.format_map }}", ""),
        ("{{ email }}", "<b>x</b>"),
        ("{{ 'now' | date: '%999999999d' }}", ""),
        ("{{ (1..1000000000000) }}", "1..1000000000000"),
        ("{{ tenant }} {# {{ used }}", "Acme {# 8"),
    ],
)
def test_it_says_what_it_should(source: str, text: str) -> None:
    assert render(source, VALUES) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ [].__class__ }}",
        "{{ tenant",
        "{% if used %}",
        "{% include 'x' %}",
        "{% render '../../etc/passwd' %}",
        "{% liquid echo used %}",
        "{{ 'aaaa' | replace: '', 'bbbb' | replace: '', 'bbbb' }}",
        "{{ (1..100000000) | join: 'x' }}",
        "{{ (1..100000000000000000000) | size }}",
        "{% for i in (1..1000000) %}x{% endfor %}",
        "{% for i in (1..99999999999999999999999999) %}x{% endfor %}",
        "{% for i in (1..99) %}{% for j in (1..99) %}x{% endfor %}{% endfor %}",
        "{% for i in (1..150) %}" + "x" * 200 + "{% endfor %}",
        "{% assign a='xxxxxxxxxx' %}" + "{% assign a=a|append:a %}" * 30,
        "{% capture a %}" + "x" * 25_000 + "{% endcapture %}",
        "{{ 9" + "|times:9999999999999999999999999999" * 200 + " }}",
        "{{ '99999999999999999999' | date: '%Y' }}",
        "{{ used | divided_by: 0 }}",
        "{% if true %}" * 200 + "{% endif %}" * 200,
        "{{ " + "a[" * 900 + "b" + "]" * 900 + " }}",
        "{% if " + "a and " * 2000 + "b %}x{% endif %}",
    ],
)
def test_what_it_must_not_do_is_a_problem_at_once(source: str) -> None:
    began = time.monotonic()
    with pytest.raises(TemplateProblem) as caught:
        render(source, VALUES)
    assert time.monotonic() - began < 2
    assert "\n" not in caught.value.message
    assert len(caught.value.message) <= 200


PIECES = (
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        " if ",
        " for ",
        " in ",
        " x ",
        "endif",
        "endfor",
        "(1..3)",
        "|",
        "-",
    ),
    *("assign a = ", "'", '"', "date:", "append:", "9" * 30, "[", "]", ".", "\n", "é", "\0"),
)
LIQUID = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@given(LIQUID | st.text(max_size=60))
def test_whatever_is_written_ends_in_text_or_in_a_problem(source: str) -> None:
    try:
        assert isinstance(render(source, {"x": "1"}), str)
        variables_of(source)
    except TemplateProblem:
        pass


def test_names_that_it_takes_from_outside() -> None:
    source = "{% assign a = used %}{% for one in list %}{{ one.name }}{{ a }}{% endfor %}"
    assert variables_of(source) == {"used", "list"}
