"""What pages share: page set-up, cached loaders and pieces of pages."""
