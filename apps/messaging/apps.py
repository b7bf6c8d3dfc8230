import warnings

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """How the platform reaches addresses: e-mail and SMS through providers, and what became of it."""

    name = "apps.messaging"

    def ready(self) -> None:
        from anymail.exceptions import (
            AnymailInsecureWebhookWarning,
            AnymailNotSupportedWarning,
        )

        from apps.messaging import checks  # noqa: F401 - registers itself

        # Of SendGrid, for which anymail has no account any more; docs/adr/0037 says why we go on with it.
        warnings.simplefilter("ignore", AnymailNotSupportedWarning)
        # Its views without a secret, which ours do not let come to work.
        warnings.simplefilter("ignore", AnymailInsecureWebhookWarning)
