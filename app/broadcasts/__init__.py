"""Notices to many at once: prepared, approved by a second person, sent within WeChat's limits, stoppable."""
