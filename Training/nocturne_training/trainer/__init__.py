"""The training loop and what it needs: settings, batches as pure functions of the step, updates,
checkpoints, logs."""
