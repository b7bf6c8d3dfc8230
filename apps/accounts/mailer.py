"""Mails out of templates: `<prefix>_subject.txt`, `_message.txt` and `_message.html`."""

from collections.abc import Mapping
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from apps.common.urls import public_url


def render_mail(*, prefix: str, to: str, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    """The message, ready to send. Links come in the context; nothing is taken from a request."""
    values = {**context, "to": to, "home_url": public_url()}
    subject = " ".join(render_to_string(f"{prefix}_subject.txt", values).split())
    text = render_to_string(f"{prefix}_message.txt", values).strip() + "\n"
    message = EmailMultiAlternatives(subject, text, to=[to])
    message.attach_alternative(render_to_string(f"{prefix}_message.html", values), "text/html")
    # RFC 3834: no auto-replies.
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    return message
