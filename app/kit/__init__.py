"""What every room needs: errors, ids, clock, crypto, transactions with jobs, paging."""
