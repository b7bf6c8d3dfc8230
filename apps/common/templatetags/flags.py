"""`{% load flags %}{% flag "app.thing" as is_new %}{% if is_new %}...`"""

from typing import Any

from django import template

from apps.common import flags

register = template.Library()


@register.simple_tag(takes_context=True)
def flag(context: dict[str, Any], code: str) -> bool:
    """Whether it is on for who looks at the page, in the tenant that it is of."""
    person = getattr(context.get("request"), "user", None)
    return flags.is_on(code, person_id=getattr(person, "id", None))
