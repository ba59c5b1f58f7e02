"""Which entities a text names: finding names, and choosing among those who share one."""
