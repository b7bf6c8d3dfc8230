"""Which page a question stands on: its own, or else the dashboard."""

import threading
import time

from django.http import HttpRequest

from apps.adoption.enums import SurveyTrigger
from apps.adoption.surveys import Question, surveys_asked
from apps.common.actors import Actor
from apps.feedback.services import survey_show

DASHBOARD = "dashboard"
# For so long a process knows which pages have questions of their own: other pages ask nobody.
KNOWN_S = 60.0


class _Pages:
    """URL names of pages with questions of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: frozenset[str] = frozenset()
        self._until_s = 0.0

    def names(self) -> frozenset[str]:
        """One round trip to Redis in KNOWN_S."""
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._names = frozenset(
                    one.page for one in surveys_asked() if one.trigger == SurveyTrigger.ON_PAGE
                )
                self._until_s = time.monotonic() + KNOWN_S
            return self._names

    def forget(self) -> None:
        with self._lock:
            self._until_s = 0.0


PAGES = _Pages()


def question_on(request: HttpRequest, actor: Actor) -> Question | None:
    """What the actor is asked on the page. On most pages nothing is looked for."""
    match = request.resolver_match
    page = (match.url_name or "") if match else ""
    if page in PAGES.names() and (found := survey_show(actor=actor, page=page)) is not None:
        return found
    return survey_show(actor=actor) if page == DASHBOARD else None
