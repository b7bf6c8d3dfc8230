import uuid

from celery import shared_task

from apps.accounts import browser_sessions, emails, known_devices, signing_keys, token_sessions


# SMTP errors and time-outs are OSErrors. 5 s doubling to 10 min, below the visibility timeout.
@shared_task(
    name="accounts.send_email",
    autoretry_for=(OSError,),
    retry_backoff=5,
    retry_backoff_max=600,
    retry_jitter=True,
    max_retries=12,
    acks_late=True,
)
def send_email(
    template: str, email: str, person_id: str | None, subject_id: str | None = None
) -> None:
    emails.send_account_email(
        template=template,
        email=email,
        person_id=uuid.UUID(person_id) if person_id else None,
        subject_id=uuid.UUID(subject_id) if subject_id else None,
    )


@shared_task(name="accounts.prune_tokens")
def prune_tokens() -> int:
    return token_sessions.prune()


@shared_task(name="accounts.prune_sessions")
def prune_sessions() -> int:
    """Rows of sessions and devices that are over."""
    return browser_sessions.prune() + known_devices.prune()


@shared_task(name="accounts.tend_signing_keys")
def tend_signing_keys() -> str | None:
    made = signing_keys.signing_keys_tend()
    return made.kid if made else None
