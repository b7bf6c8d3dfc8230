from django.utils.translation import gettext_lazy as _

from apps.common.actors import ActorKind
from apps.common.notifying import (
    Channel,
    NotificationType,
    Permitted,
    Related,
    register_notifications,
)
from apps.organizations.permissions import INVITE_MEMBER

INBOX = (Channel.IN_APP,)
OFFERED = (Channel.EMAIL, Channel.PUSH, Channel.WEBHOOK)

register_notifications(
    NotificationType(
        code="organizations.join_requested",
        label=_("Somebody asks to join"),
        category="people",
        event="organizations.join_requested",
        audience=Permitted(INVITE_MEMBER),
        title=_("{{ email }} asks to join {{ tenant }}"),
        body=_("Let them in, or decline. They are told either way."),
        action=_("Look at the request"),
        url="/invitations/requests/",
        # The mail is organizations.send_join_request's, which carries the names.
        channels=INBOX,
        offered=(Channel.PUSH, Channel.WEBHOOK),
        example={"email": "dana@example.com"},
    ),
    NotificationType(
        code="organizations.member_joined",
        label=_("Somebody joined"),
        category="people",
        event="organizations.member_joined",
        audience=Permitted(INVITE_MEMBER),
        # The owner of a new workspace joins it by the platform's own hand.
        when=lambda _params, actor: actor.kind is not ActorKind.SYSTEM,
        title=_("{{ email }} joined {{ tenant }}"),
        action=_("Look at the member"),
        url="/members/{{ member_id }}/",
        channels=INBOX,
        offered=OFFERED,
        example={"email": "dana@example.com", "member_id": "0197c2a4-9b1d-7d4e-8a3f-2b1c0d9e8f7a"},
    ),
    NotificationType(
        code="organizations.role_given",
        label=_("You got a role"),
        category="access",
        event="organizations.role_binding_changed",
        audience=Related(member="member_id"),
        when=lambda params, actor: (
            params["change"] == "started"
            # Not what comes with joining, or with the workspace.
            or (params["change"] == "given" and actor.kind is not ActorKind.SYSTEM)
        ),
        title=_("You have the role {{ role }} in {{ tenant }} now"),
        action=_("Open {{ tenant }}"),
        url="/",
        channels=INBOX,
        offered=(Channel.EMAIL, Channel.PUSH),
        example={"role": "admin"},
    ),
    NotificationType(
        code="organizations.role_taken",
        label=_("You lost a role"),
        category="access",
        event="organizations.role_binding_changed",
        audience=Related(member="member_id"),
        when=lambda params, _actor: params["change"] in ("taken", "ended"),
        title=_("You do not have the role {{ role }} in {{ tenant }} any more"),
        body=_("If that is a surprise, ask an administrator of the workspace."),
        action=_("Open {{ tenant }}"),
        url="/",
        channels=INBOX,
        offered=(Channel.EMAIL, Channel.PUSH),
        example={"role": "admin"},
    ),
)
