"""What each configured outside system says when it is asked, with how to mend what it does not do."""
