"""Checklists: what is to be done in the workspace, and by oneself."""

from collections.abc import Callable
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView
from apps.onboarding import services
from apps.onboarding.api.v1 import examples
from apps.onboarding.api.v1.serializers import (
    OnboardingSerializer,
    OnboardingWorkflowSerializer,
)
from apps.onboarding.selectors import checklist_for, checklists_for


class OnboardingView(TenantView):
    @extend_schema(
        operation_id="onboarding_list",
        summary="Your checklists",
        description=(
            "Your own, and the workspace's as far as your permissions reach. Empty where there is "
            "nothing for you. The same on every device: go on where `is_next` is."
        ),
        responses={200: OnboardingSerializer},
        examples=[examples.WORKFLOWS],
    )
    def get(self, request: Request) -> Response:
        self.query()
        return Response(OnboardingSerializer({"workflows": checklists_for(self.actor)}).data)


class _StepView(TenantView):
    """Decides about a step, and answers with its workflow."""

    problems = {"POST": ("409",)}
    service: ClassVar[Callable[..., None]]

    def decide(self, step: str) -> Response:
        type(self).service(actor=self.actor, key=step)
        return _workflow(self, step.partition(".")[0])


class StepCompleteView(_StepView):
    service = services.step_complete

    @extend_schema(
        operation_id="onboarding_step_complete",
        summary="Say that a step is done",
        description=(
            "For steps that are `is_by_hand`; others answer 409 `step_not_by_hand`: they are ticked off "
            "when it happens. 409 `step_blocked`: another comes first. Again is harmless."
        ),
        request=None,
        responses={200: OnboardingWorkflowSerializer},
        examples=[examples.WORKFLOW],
    )
    def post(self, request: Request, step: str) -> Response:
        return self.decide(step)


class StepSkipView(_StepView):
    service = services.step_skip

    @extend_schema(
        operation_id="onboarding_step_skip",
        summary="Skip a step",
        description=(
            "409 `step_required`: it cannot be skipped; `step_settled`: it is done. Again is harmless."
        ),
        request=None,
        responses={200: OnboardingWorkflowSerializer},
        examples=[examples.WORKFLOW],
    )
    def post(self, request: Request, step: str) -> Response:
        return self.decide(step)


class StepReopenView(_StepView):
    service = services.step_reopen

    @extend_schema(
        operation_id="onboarding_step_reopen",
        summary="Take a step up again",
        description=(
            "One that was skipped, or said to be done. 409 `step_settled`: it is done in fact. Again is "
            "harmless."
        ),
        request=None,
        responses={200: OnboardingWorkflowSerializer},
        examples=[examples.WORKFLOW],
    )
    def post(self, request: Request, step: str) -> Response:
        return self.decide(step)


class WorkflowDismissView(TenantView):
    @extend_schema(
        operation_id="onboarding_workflow_dismiss",
        summary="Show a checklist no longer",
        description="To you, and you are not reminded of it. It goes on for others.",
        request=None,
        responses={200: OnboardingWorkflowSerializer},
        examples=[examples.WORKFLOW],
    )
    def post(self, request: Request, workflow: str) -> Response:
        services.checklist_dismiss(actor=self.actor, workflow=workflow)
        return _workflow(self, workflow)


class WorkflowRestoreView(TenantView):
    @extend_schema(
        operation_id="onboarding_workflow_restore",
        summary="Show a checklist again",
        request=None,
        responses={200: OnboardingWorkflowSerializer},
        examples=[examples.WORKFLOW],
    )
    def post(self, request: Request, workflow: str) -> Response:
        services.checklist_restore(actor=self.actor, workflow=workflow)
        return _workflow(self, workflow)


def _workflow(view: TenantView, code: str) -> Response:
    return Response(OnboardingWorkflowSerializer(checklist_for(view.actor, code)).data)
