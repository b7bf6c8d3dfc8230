"""The subcommands of `manage.py billing`, a module each."""
