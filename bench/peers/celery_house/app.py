"""Celery's application: Redis between web and workers, jobs acknowledged once they are done, nobody reads results."""

from celery import Celery
from celery.signals import worker_process_init
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from app.bootstrap import install_keyring
from config.settings import load_settings

settings = load_settings()
install_keyring(settings)
engine = create_engine(settings.database_url.get_secret_value().replace("postgresql://", "postgresql+psycopg://"))
new_session = sessionmaker(engine)

app = Celery(
    "house",
    broker=settings.redis_url.get_secret_value(),
    include=["bench.peers.celery_house.delivering", "bench.peers.celery_house.hearing"],
)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
)


@worker_process_init.connect
def leave_connections(**_: object) -> None:
    """A child opens connections of its own."""
    engine.dispose(close=False)
