from apps.notifications.turns import turn_end, turn_keep, turn_take

HERE = ("tenant", "email", 0)


def test_a_turn_is_of_one_task_at_a_time() -> None:
    token = turn_take(*HERE)
    assert token
    assert turn_take(*HERE) == ""
    assert turn_take("tenant", "email", 1)
    assert turn_take("other", "email", 0)
    assert turn_keep(*HERE, token) is True
    assert turn_keep(*HERE, "another") is False
    turn_end(*HERE, "another")
    assert turn_take(*HERE) == ""
    turn_end(*HERE, token)
    second = turn_take(*HERE)
    assert second
    assert turn_keep(*HERE, token) is False
    assert turn_keep(*HERE, second) is True


def test_without_redis_everybody_may() -> None:
    """What Redis lost is nobody's turn: the first who comes goes on."""
    assert turn_keep(*HERE, "lost") is True
