"""``params.yaml``: its typed form, its checks before any work, and the shipped presets."""
