"""What a person sees: one file a page, and what pages share in ``components``."""
