"""Pretrained encoders, one file each."""
