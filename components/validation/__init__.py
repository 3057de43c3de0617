"""What may pass: expectations on extracted features."""
