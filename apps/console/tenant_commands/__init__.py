"""The subcommands of `manage.py tenants`, a module each."""
