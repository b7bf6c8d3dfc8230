"""Signing in by an OpenID provider: the platform's own, and one of each tenant's.

mozilla-django-oidc does the protocol's steps; what it accepts and must not is refused here.
"""
