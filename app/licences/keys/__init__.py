"""Keys that sign what licences show: codes, papers, status lists, credentials; made and changed while all runs."""
