"""Files in and out: one module per format, each giving the same tables of facts, entities and relations."""
