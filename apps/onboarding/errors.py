from django.utils.translation import gettext_lazy as _

from apps.common.errors import Conflict


class StepBlocked(Conflict):
    code = "step_blocked"
    default_detail = _("Another step comes first.")


class StepRequired(Conflict):
    code = "step_required"
    default_detail = _("This step cannot be skipped.")


class StepNotByHand(Conflict):
    code = "step_not_by_hand"
    default_detail = _("This step is done by doing it: it is ticked off by itself then.")


class StepSettled(Conflict):
    code = "step_settled"
    default_detail = _("This step is done already.")
