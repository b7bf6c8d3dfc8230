from apps.accounts.events import EmailRequested, PersonErasureRequested
from apps.accounts.tasks import run_erasure, send_email
from apps.events.registry import EventContext, subscribe


@subscribe("accounts.email_requested", name="accounts.send_email", tenant_context=False)
def queue_email(event: EmailRequested, _context: EventContext) -> None:
    """Queue the worker, before this handler's own commit: twice is better than never."""
    send_email.delay(
        event.template,
        event.email,
        str(event.person_id) if event.person_id else None,
        str(event.subject_id) if event.subject_id else None,
    )


@subscribe("accounts.person_erasure_requested", name="accounts.run_erasure", tenant_context=False)
def queue_erasure(event: PersonErasureRequested, _context: EventContext) -> None:
    run_erasure.delay(str(event.erasure_id))
