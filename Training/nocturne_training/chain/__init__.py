"""The whole training as one chain of stages that are run, resumed and redone one by one."""
