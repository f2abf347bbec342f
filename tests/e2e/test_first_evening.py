"""The first evening: make an account, connect a server, see a stream, react to it."""

from playwright.async_api import Page, expect

from regie.testing.process import HubProcess
from regie_demo.jellyfin import StubServer

AUTOMATION = """\
alias: Greet the viewer
triggers:
  - trigger: event
    event_type: jellyfin_monitor_play_started
conditions:
  - condition: template
    value_template: "{{ trigger.event.data.user == 'Alice' }}"
actions:
  - action: regie.log
    data:
      message: "{{ trigger.event.data.user }} began {{ trigger.event.data.title }}"
"""


async def connect(page: Page, hub: HubProcess, stub: StubServer, key: str) -> None:
    await page.goto(f"{hub.url}/integrations")
    card = page.locator(".card", has_text="Talks to a Jellyfin server").first
    await card.get_by_role("button", name="Connect").click()
    await page.get_by_role("button", name="With an API key").click()
    await page.get_by_label("Address").fill(stub.url)
    await page.get_by_label("API key").fill(key)
    await page.locator("form", has=page.get_by_label("API key")).locator("button.primary").click()


def begin_a_film(stub: StubServer) -> str:
    state = stub.state
    alice = next(person for person in state.people if person.name == "Alice")
    title = next(title for title in state.catalogue.titles if title.kind == "Movie")
    state.start(state.session_of(alice, alice.players[0]), title)
    return title.name


async def test_from_the_first_visit_to_a_living_page(admin: Page, hub: HubProcess, stub: StubServer) -> None:
    await connect(admin, hub, stub, "a wrong key")
    await expect(admin.get_by_text("The server refuses this key.")).to_be_visible()
    await expect(admin.get_by_label("Address")).to_have_value(stub.url)
    await admin.get_by_label("API key").fill(stub.state.issue_key("Regie"))
    await admin.locator("form", has=admin.get_by_label("API key")).locator("button.primary").click()
    await expect(admin.get_by_text("Demo house").first).to_be_visible()

    await admin.goto(f"{hub.url}/x/jellyfin_monitor/live")
    name = begin_a_film(stub)
    await expect(admin.locator(".stream", has_text=name)).to_be_visible(timeout=5000)
    await expect(admin.locator(".stream", has_text=name)).to_contain_text("Alice")


async def test_an_automation_is_checked_runs_and_shows_its_trace(
    admin: Page, hub: HubProcess, stub: StubServer
) -> None:
    await connect(admin, hub, stub, stub.state.issue_key("Regie"))
    await expect(admin.get_by_text("Demo house").first).to_be_visible()
    await admin.goto(f"{hub.url}/automations/new")
    editor = admin.locator("textarea")
    await editor.fill(AUTOMATION.replace("event_type:", "event_tpye:"))
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_text("Line 4")).to_be_visible()
    await expect(editor).to_have_value(AUTOMATION.replace("event_type:", "event_tpye:"))
    await editor.fill(AUTOMATION)
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_text("Greet the viewer").first).to_be_visible()
    name = begin_a_film(stub)
    step = admin.locator("li", has_text="action regie.log").last
    await expect(step).to_contain_text("done in")
    await step.get_by_text("Values").click()
    await expect(step.get_by_text(f"Alice began {name}")).to_be_visible()
    assert f"Alice began {name}" in hub.log()
