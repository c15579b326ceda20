"""The report as pages of HTML: what a page is of, its sections, and the charts in them."""
