from rest_framework import serializers


class FlagsSerializer(serializers.Serializer):
    on = serializers.ListField(
        child=serializers.CharField(),
        help_text="Codes of the flags that are on for you, in their order. Others are off.",
    )
