"""Who may call an operation at all, unless its view says otherwise."""

from typing import TYPE_CHECKING

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from apps.common.api.exceptions import PersonRequired
from apps.common.api.principals import MachinePrincipal

if TYPE_CHECKING:
    # It reads the settings that name this module.
    from rest_framework.views import APIView


class IsPerson(IsAuthenticated):
    """Signed in (401), as a person (403): a program acts in a workspace, by views that are made for it."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.user, MachinePrincipal):
            raise PersonRequired
        return bool(super().has_permission(request, view))
