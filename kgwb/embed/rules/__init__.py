"""Rules as a ranker: mined from train, judged exactly, asked as vectors are, and each answer with its reasons."""
