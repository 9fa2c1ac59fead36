"""All networks of the model specification, one file each; `modules.py` lists them by checkpoint file name."""
