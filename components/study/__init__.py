"""The published study as declared experiments: its models and findings on whatever data is there.

``experiments.yaml`` declares what is run, :mod:`components.study.plan` selects what the data at hand allows, the stages
of ``study/dvc.yaml`` run it, and :mod:`components.study.page` lays the study's claims and our figures side by side.
Features and accuracies come from the same stages as the workflow's own, so that every leak check holds here too.

``root`` is the project's root, by default the working directory, but for
:func:`components.study.fits.fit_once` and the planted faults: there it is a data folder of one fit's own.
"""
