"""Migrations of all tenants: one query finds what is outdated, SQL that ran once is replayed elsewhere.

scan: which schema has which migrations. plan: canaries, then waves. manifest: runs and targets, in the
database. record: takes down what Django's executor does in one schema. replay: does it in others, a round
trip each. ordinary: Django's executor, for what cannot be replayed. run: all of it in order. report: who is
at which version. progress: what a person sees meanwhile.
"""
