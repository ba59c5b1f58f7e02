"""What comes between the tables and the scorer: messages from neighbours, or attributes.

An encoder is any `nn.Module` that is called as encoder(entities, relations) and gives both back in the same shapes; the
relations hold the inverses behind them where training is reciprocal. One that has a `penalty()` adds it to the loss of a
step, in nats per answer. Those here change nothing while they are fresh: their output is their input until they learn.
"""
