"""A year at the sandbox's Stripe, lived once in order, then again with its events in disorder.

living: what people and time do, by a seed. history: every version of every object at Stripe, and every event,
in the order of their commits. state: what is compared. replaying: the same history once more, told badly.
"""
