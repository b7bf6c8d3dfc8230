import uuid

import structlog
from celery import shared_task

from apps.accounts import (
    browser_sessions,
    emails,
    erasure,
    known_devices,
    selectors_email_domains,
    signing_keys,
    token_sessions,
)
from apps.accounts.email_domains import email_domain_check
from apps.accounts.selectors import erasures_unfinished
from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.common.tasks import queue_in_batches

log = structlog.get_logger(__name__)

# 50 looks of at most 5 seconds end within the time limit of a task.
RECHECK_BATCH, RECHECK_AT_MOST = 50, 5000


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


# The mail at the end may fail for a while; what is done already is not done again.
@shared_task(
    name="accounts.run_erasure",
    autoretry_for=(OSError,),
    retry_backoff=5,
    retry_backoff_max=600,
    max_retries=12,
    acks_late=True,
)
def run_erasure(erasure_id: str) -> None:
    erasure.erasure_run(uuid.UUID(erasure_id))


@shared_task(name="accounts.sweep_erasures")
def sweep_erasures() -> None:
    """Queue what a crash or a long outage left behind."""
    for erasure_id in erasures_unfinished().values_list("id", flat=True):
        run_erasure.delay(str(erasure_id))


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


@shared_task(name="accounts.recheck_email_domains")
def recheck_email_domains() -> None:
    """Queue the checks that are due. What is beyond the limit is due at the next sweep."""
    due = selectors_email_domains.email_domains_to_recheck().values_list("id", flat=True)
    queue_in_batches(check_email_domains, due[:RECHECK_AT_MOST], RECHECK_BATCH)


@shared_task(name="accounts.check_email_domains")
def check_email_domains(email_domain_ids: list[str]) -> None:
    """Look for the proof of each. One that is gone, or vouched for meanwhile, is passed over."""
    actor = Actor.system("email-domain-check")
    for email_domain_id in email_domain_ids:
        try:
            email_domain_check(actor=actor, email_domain_id=uuid.UUID(email_domain_id))
        except PlatformError as error:
            log.info(
                "accounts.email_domain_not_checked",
                email_domain_id=email_domain_id,
                code=error.code,
            )
