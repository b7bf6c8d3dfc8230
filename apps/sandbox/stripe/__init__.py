"""A stand-in for Stripe that its own library and dj-stripe talk to unchanged (docs/sandbox-stripe.md).

A module of `resources` declares what it serves; all of them are loaded with the first request:

    kind("coupon", prefix="")                         # registry: an object, and how its ids begin
    @route("POST", "/v1/coupons", "CouponCreateParams")   # parameters are checked by the library's own types
    def create(ctx: Context, params: Json) -> Json:   # in a transaction that holds the account's lock
        coupon = ctx.create("coupon", {...})          # also ctx.get, ctx.find, ctx.save, ctx.delete
        ctx.emit("coupon.created", coupon)            # the event, and its deliveries to webhook endpoints
        return coupon
    @route("GET", "/v1/coupons", "CouponListParams")
    def index(ctx, params): return listing.page(ctx, "coupon", params)

Objects are plain dicts in the current version's shape. `@renders("invoice", before="2025-03-31")` makes
the previous shape of one, `@includes("price", "tiers")` what only `expand` shows. Time is `ctx.now`, in
seconds: of the account, or of the test clock after `ctx = ctx.on_clock_of(customer)`. An object that waits
is saved with `due_at=`; its kind's `@on_due("subscription")` function is called then, with the object, and
saves it with its next due_at or None. `@on_event("customer.deleted")` hears what others emit. Raise errors
of `errors`: `Invalid` undoes the transaction, `CardError` (402) keeps what was done.

Attributes whose names begin with `_` are kept and never shown.
"""
