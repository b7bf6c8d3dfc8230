"""Examples in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

TICKET = OpenApiExample(
    "A ticket",
    {
        "ticket": "3p0K2bqM0XkXy9uXn8m2d7g0oVqk1nJm2eVt5o4cQhE",
        "url": "wss://acme.wrapper.example/ws/?ticket=3p0K2bqM0XkXy9uXn8m2d7g0oVqk1nJm2eVt5o4cQhE",
        "expires_in_s": 30,
    },
    response_only=True,
    status_codes=["201"],
)
