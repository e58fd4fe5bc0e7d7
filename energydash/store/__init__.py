"""What energydash keeps, in SQL: SQLite by default, PostgreSQL where it is configured."""
