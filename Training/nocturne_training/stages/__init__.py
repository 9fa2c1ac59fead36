"""One trainer a file: batches and losses of each module of model.md. `registry.py` lists them in the order
of the chain."""
