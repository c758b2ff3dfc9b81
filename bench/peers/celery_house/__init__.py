"""The way between the house and the approval system as a team with Celery, SQLAlchemy and FastAPI would write it."""
