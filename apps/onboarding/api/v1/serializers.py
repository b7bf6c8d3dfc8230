from rest_framework import serializers

from apps.onboarding.enums import Audience, StepStatus
from apps.onboarding.selectors import Item


class OnboardingStepSerializer(serializers.Serializer):
    id = serializers.CharField(source="key", help_text="`workflow.step`, for the addresses below.")
    title = serializers.CharField(source="step.title")
    help = serializers.CharField(source="step.help")
    status = serializers.ChoiceField(
        StepStatus.choices, help_text="`blocked`: a step that it builds on comes first."
    )
    is_next = serializers.BooleanField(help_text="The first that can be done now.")
    is_required = serializers.BooleanField(
        source="step.is_required", help_text="Cannot be skipped."
    )
    is_by_hand = serializers.BooleanField(
        source="step.by_hand", help_text="You say that it is done; else an event does."
    )
    after = serializers.SerializerMethodField(help_text="Ids of the steps that it builds on.")
    url = serializers.CharField(
        help_text="Path of the page where it is done; absolute on the public site."
    )

    def get_after(self, item: Item) -> list[str]:
        workflow = item.key.partition(".")[0]
        return [f"{workflow}.{code}" for code in item.step.after]


class OnboardingWorkflowSerializer(serializers.Serializer):
    code = serializers.CharField(source="workflow.code")
    title = serializers.CharField(source="workflow.title")
    description = serializers.CharField(source="workflow.description")
    audience = serializers.ChoiceField(
        Audience.choices,
        source="workflow.audience",
        help_text="`member`: your own; `tenant`: the same for all who work on it.",
    )
    version = serializers.IntegerField(source="workflow.version")
    is_complete = serializers.BooleanField()
    is_dismissed = serializers.BooleanField(
        source="run.is_dismissed", help_text="You do not want to be shown it."
    )
    started_at = serializers.DateTimeField(source="run.began_at")
    completed_at = serializers.DateTimeField(source="run.completed_at", allow_null=True)
    done = serializers.IntegerField(help_text="Steps that are done or skipped.")
    total = serializers.IntegerField()
    percent = serializers.IntegerField()
    steps = OnboardingStepSerializer(
        source="items", many=True, help_text="Those that you may do, in an order that works."
    )


class OnboardingSerializer(serializers.Serializer):
    workflows = OnboardingWorkflowSerializer(many=True)
