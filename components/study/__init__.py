"""The study run again: its models and findings as declared experiments, on whatever data is there.

``experiments.yaml`` says what is run, :mod:`components.study.plan` what of it the data at hand allows, the stages of
``study/dvc.yaml`` run it, and :mod:`components.study.report` writes one page. Accuracies come from the same
``splits`` and ``training`` as the workflow's own, so that every guard of theirs holds here too.
"""
