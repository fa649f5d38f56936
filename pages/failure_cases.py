from __future__ import annotations

import streamlit as st

from pages.components.page import page_setup

page_setup("Failure cases")
st.title("Failure cases")
