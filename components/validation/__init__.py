"""Data validation: which extracted features may go on to tuning, as Great Expectations checkpoints.

A feature is measured in a few small tables (one row a row, column, track, genre or collection), and expectations are
of those tables. :mod:`components.validation.tables` has what holds for any feature, so a new one needs no file here;
``suites/<extractor>.py``, where there is one, adds what the feature's quantity allows.
"""
