"""External evaluation: logged models scored on labelled music that was no part of their training.

``labels`` reads the songs and their genres, ``recognition`` finds those that a model was trained on, ``predictions``
makes a table a model, ``measure`` the figures, ``record`` types them, ``evaluate`` runs it all; ``page`` and
``terminal`` show it.
"""
