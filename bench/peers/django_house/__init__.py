"""Django 5 with async views and its ORM on psycopg 3, on uvicorn."""
