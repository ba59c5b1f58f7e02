"""Questions answered, taken apart, kept in files, and asked again after an edit."""
