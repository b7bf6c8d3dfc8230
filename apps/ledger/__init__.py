"""The database's functions for credits. No tables: those are each tenant's own (apps.credits).

A tenant's schema holds no functions, so that it can be cloned (docs/adr/0003); these are in the public one
and act on the tables of whatever tenant is entered.
"""
