from rest_framework import serializers


class TicketSerializer(serializers.Serializer):
    ticket = serializers.CharField(help_text="Good once. It is a secret: do not log it.")
    url = serializers.CharField(
        help_text="Where to open the socket, with the ticket in it (`wss://`, or `ws://` in development)."
    )
    expires_in_s = serializers.IntegerField(help_text="Seconds until which it has to be used.")
