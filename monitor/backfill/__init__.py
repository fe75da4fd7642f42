"""History from before anybody watched: curated facts, old captures, the histories of feeds."""
