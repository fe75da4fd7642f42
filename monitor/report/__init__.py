"""The report site: `facts` reads the database, `pages_*` write HTML of it, `site` puts the folder in its place."""
