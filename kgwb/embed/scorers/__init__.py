"""The equations: each says how well head, relation and tail fit together, and sees vectors only."""
