"""Spendings of many threads, in as few statements as they need: group commit.

Whoever comes while nobody spends goes at once, alone. Whoever comes meanwhile waits, and the one that is
through takes all that wait with it, in one statement and one commit. So nobody waits for a timer, and a hot
account takes as many as come while one commit is under way.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from apps.common.tenancy import TenantRef, require_tenant
from apps.credits.spending import Answer, Item, Outcome, Place, spend

# Of one statement. More only wait longer.
MAX_BATCH = 100


@dataclass(slots=True)
class _Waiting:
    item: Item
    now: datetime
    done: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None
    error: BaseException | None = None
    leads: bool = False


class _Queue:
    """Of one place of one tenant."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[_Waiting] = []
        self.is_led = False


_queues: dict[tuple[TenantRef, Place], _Queue] = {}
_queues_lock = threading.Lock()


def spend_together(place: Place, item: Item) -> Answer:
    """As `spend`, of one item, with what other threads of this process spend at the same place now.

    Call outside of a transaction: what is answered is committed.
    """
    key = (require_tenant(), place)
    mine = _Waiting(item, timezone.now())
    with _queues_lock:
        queue = _queues.setdefault(key, _Queue())
        with queue.lock:
            queue.waiting.append(mine)
            mine.leads = not queue.is_led
            queue.is_led = True
    if not mine.leads:
        mine.done.wait()
    if mine.leads:
        _lead(key, queue, mine)
    if mine.error is not None:
        raise mine.error
    assert mine.answer is not None  # noqa: S101 - whoever led set one of the two
    return mine.answer


def _lead(key: tuple[TenantRef, Place], queue: _Queue, mine: _Waiting) -> None:
    """Spend for all that wait, oneself among them; then let the first of those that came meanwhile lead."""
    with queue.lock:
        batch = _batch(queue)
    try:
        _spend_batch(key[1], batch)
    finally:
        with _queues_lock, queue.lock:
            if queue.waiting:
                heir = queue.waiting[0]
                heir.leads = True
                heir.done.set()
            else:
                queue.is_led = False
                _queues.pop(key, None)
        for one in batch:
            if one is not mine:
                one.done.set()


def _batch(queue: _Queue) -> list[_Waiting]:
    """The first ones, without a key that is among them already: it waits for the answer to the other."""
    batch: list[_Waiting] = []
    keys: set[str] = set()
    later = []
    for one in queue.waiting:
        if len(batch) < MAX_BATCH and one.item.key not in keys:
            batch.append(one)
            keys.add(one.item.key)
        else:
            later.append(one)
    queue.waiting = later
    return batch


def _spend_batch(place: Place, batch: list[_Waiting]) -> None:
    """Give each of them an answer, or the error.

    What a list left undecided is asked for alone, and so is each of a list that failed: whatever became of
    it, the keys say.
    """
    now = max(one.now for one in batch)
    try:
        answers = spend(place, [one.item for one in batch], now)
    except Exception as error:  # noqa: BLE001 - each raises it in its own thread
        if len(batch) > 1:
            _each_alone(place, batch, now)
        else:
            batch[0].error = error
        return
    undecided = []
    for one, answer in zip(batch, answers, strict=True):
        one.answer = answer
        if answer.outcome is Outcome.UNDECIDED:
            undecided.append(one)
    _each_alone(place, undecided, now)


def _each_alone(place: Place, batch: list[_Waiting], now: datetime) -> None:
    for one in batch:
        try:
            one.answer = spend_alone(place, one.item, now)
        except Exception as error:  # noqa: BLE001 - it raises it in its own thread
            one.error = error


def spend_alone(place: Place, item: Item, now: datetime) -> Answer:
    """Spend one item. Where its key was used elsewhere at the same time: what that did."""
    answer = spend(place, [item], now)[0]
    return spend(place, [item], now)[0] if answer.outcome is Outcome.UNDECIDED else answer
