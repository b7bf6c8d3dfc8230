"""A module for each kind of object; `registry.load` imports them all."""
