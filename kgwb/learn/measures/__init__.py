"""What is measured of a model beside its accuracy: calibration, robustness, agreement, change, few-shot scores."""
