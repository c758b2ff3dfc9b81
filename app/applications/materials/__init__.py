"""Materials of applications: files that applicants upload, and how they are kept."""
