"""The database in a browser: what Datasette is told of it, and the charts that it draws."""
