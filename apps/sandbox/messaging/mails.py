"""Mails that came by HTTP are kept like those that came by SMTP, and told of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP

from apps.sandbox.messaging.models import Provider
from apps.sandbox.models import Email
from apps.sandbox.smtp import email_store

NOT_REPEATED = frozenset({"from", "to", "cc", "subject", "mime-version", "content-type"})


@dataclass(frozen=True, slots=True)
class Given:
    """metadata: what comes back in webhooks."""

    sender: str
    to: Sequence[str]
    subject: str
    text: str
    html: str = ""
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


def take(provider: Provider, given: Given, *, provider_id: str) -> Email:
    message = EmailMessage(policy=SMTP)
    message["From"] = given.sender
    message["To"] = ", ".join(given.to)
    if given.cc:
        message["Cc"] = ", ".join(given.cc)
    message["Subject"] = given.subject
    for name, value in given.headers.items():
        if name.lower() not in NOT_REPEATED:
            message[name] = value
    message.set_content(given.text)
    if given.html:
        message.add_alternative(given.html, subtype="html")
    return email_store(
        given.sender,
        [address.rpartition("<")[2].rstrip("> ") for address in (*given.to, *given.cc, *given.bcc)],
        message.as_bytes(),
        provider=provider,
        provider_id=provider_id,
        metadata=dict(given.metadata),
    )
