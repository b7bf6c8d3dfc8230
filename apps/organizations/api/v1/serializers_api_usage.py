from rest_framework import serializers

from apps.organizations.selectors_api_usage import KINDS, SHOWN, ApiUsage, CallerUsage


class CallerUsageSerializer(serializers.Serializer[CallerUsage]):
    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField(
        allow_null=True,
        help_text="The member's or the key's; null for a member whom you may not see, or who is gone.",
    )
    name = serializers.CharField(help_text="Empty where `id` is null, or the key is gone.")
    requests = serializers.IntegerField(help_text="In the present window.")
    remaining = serializers.IntegerField(
        allow_null=True, help_text="That would be let through at once; null: any number."
    )
    refused = serializers.IntegerField(help_text="Yesterday and today (UTC).")
    refused_at = serializers.DateTimeField(allow_null=True, help_text="The last of them.")


class ApiUsageSerializer(serializers.Serializer[ApiUsage]):
    since = serializers.DateTimeField(help_text="The beginning of the window of 15 minutes.")
    until = serializers.DateTimeField(help_text="Its end.")
    limit = serializers.IntegerField(
        allow_null=True, help_text="Of each caller in 15 minutes; null: any number."
    )
    workspace_limit = serializers.IntegerField(
        allow_null=True, help_text="Of all callers together; null: any number."
    )
    workspace_remaining = serializers.IntegerField(allow_null=True)
    requests = serializers.IntegerField(help_text="Of all callers in the window.")
    callers = CallerUsageSerializer(many=True, help_text=f"The {SHOWN} with the most.")
    others = serializers.IntegerField(help_text="How many more callers there are.")
