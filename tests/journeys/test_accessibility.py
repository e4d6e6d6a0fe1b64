"""Every page through axe-core: landmarks, names, contrast, focus order; as an administrator sees them."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import Site, sign_in

pytestmark = pytest.mark.browser
WHEN_LOADED = {
    "/": "text=Study 7",
    "/intake": "role=button[name=/^Release/]",
    "/review": "text=Study 7",
    "/admin/classes": "role=textbox[name=/^Name/]",
    "/admin/users": "text=/^ann$/",
    "/audit": "tbody tr",
    "/no/such/page": "role=heading",
}
"""Every page for everybody, with what is on it once it has what it asked the server for."""
AXE = Path(__file__).resolve().parents[2] / "static" / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    """What axe finds wrong, as rule and place."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]]


def test_no_page_has_an_accessibility_violation(site: Site, page: Page, sample_slide: Path) -> None:
    asset_id = site.released(sample_slide)
    site.ingest(sample_slide)
    page.goto("/login")
    page.get_by_label("Name").wait_for()
    assert violations(page) == []
    sign_in(page, "ada")
    for path, loaded in WHEN_LOADED.items():
        page.goto(path)
        page.get_by_role("main").locator(loaded).first.wait_for()
        assert violations(page) == [], path
    page.goto(f"/slides/{asset_id}")
    page.locator(".stage[aria-busy=false]").wait_for()
    assert violations(page) == []
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []
