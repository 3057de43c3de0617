"""Reports: the comparison of the trained models, its figures and its one HTML page, and a model's card.

Functions take ``params``, the checked ``params.yaml``, and ``root``, the data folder of the stages.
"""
