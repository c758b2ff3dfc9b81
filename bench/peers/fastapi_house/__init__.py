"""FastAPI, Pydantic 2, SQLAlchemy 2 with its async ORM on asyncpg, redis-py, on uvicorn."""
