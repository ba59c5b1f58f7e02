"""Vectors that follow their graph: what is known is carried over, what is new is solved for, what changed is learnt."""
