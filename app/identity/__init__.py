"""Who somebody is: citizens and their assurance levels, staff and their duties, sessions of both."""
