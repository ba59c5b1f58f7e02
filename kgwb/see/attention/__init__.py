"""Attention: what each word looks at, before and after."""
