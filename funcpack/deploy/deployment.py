"""Deployments from Python: the same steps as the commands `deploy`, `describe`, `logs`, `rollback` and `destroy`."""
