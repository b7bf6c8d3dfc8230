"""Exports: everything that a tenant has as one ZIP file, written by a worker (docs/adr/0012).

`snapshot` reads, as the tenant's own role; `dump` writes SQL, `archive` the ZIP; `jobs` runs it, survives
deaths and forgets it after some days.
"""
