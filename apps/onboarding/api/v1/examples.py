from drf_spectacular.utils import OpenApiExample

_STEP = {
    "id": "workspace.invite",
    "title": "Invite people",
    "help": "They get a link by e-mail that is good for seven days.",
    "status": "open",
    "is_next": True,
    "is_required": False,
    "is_by_hand": False,
    "after": ["workspace.name"],
    "url": "/invitations/new/",
}
_WORKFLOW = {
    "code": "workspace",
    "title": "Set up your workspace",
    "description": "What makes it useful for everybody in it.",
    "audience": "tenant",
    "version": 1,
    "is_complete": False,
    "is_dismissed": False,
    "started_at": "2026-01-05T09:00:00Z",
    "completed_at": None,
    "done": 1,
    "total": 2,
    "percent": 50,
    "steps": [
        {
            **_STEP,
            "id": "workspace.name",
            "title": "Check name and address",
            "help": "Everybody sees the name, and links in mails begin with the address.",
            "status": "done",
            "is_next": False,
            "is_required": True,
            "is_by_hand": True,
            "after": [],
            "url": "/settings/",
        },
        _STEP,
    ],
}
WORKFLOWS = OpenApiExample("A new workspace", {"workflows": [_WORKFLOW]}, response_only=True)
WORKFLOW = OpenApiExample("The workflow", _WORKFLOW, response_only=True)
