"""Routes to the pages and draws nothing itself: ``streamlit run app.py``."""

from pages.components.page import navigation

navigation().run()
