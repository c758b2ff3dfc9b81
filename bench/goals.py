"""What each comparison is to reach: ours in work for a second of the processor, for one of the other side's."""

GOALS: dict[str, dict[str, float]] = {
    "http": {"floor": 0.8},
    "verify": {"fastapi": 8, "floor": 0.75},
    "read": {"fastapi": 5, "django": 9, "floor": 0.6},
    "present": {"fastapi": 20, "floor": 0.5},
    "search": {"django": 5, "django-full-text": 5},
    "delegate": {"celery": 3, "floor": 0.5},
    "wechat": {"wechatpy": 5, "floor": 0.6},
}

MEMORY_MEGABYTES = 150
"""What a web worker may hold after a million requests, in MiB."""
