"""The subcommands of `manage.py credits`, a module each."""
