from __future__ import annotations

import streamlit as st

from pages.components.page import page_setup

page_setup("Attributions")
st.title("Attributions")
