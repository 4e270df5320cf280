"""The finished report in a browser: what it shows is the record's, and it works on its own."""

import json

import pytest

from dms_load_test.app.report import report_record
from dms_load_test.results.run import read_run
from dms_load_test.views.report import json_for_script

MOST_BYTES = 6_000_000
BACKGROUNDS = {"light": "rgb(246, 247, 249)", "dark": "rgb(16, 21, 27)"}


@pytest.fixture(scope="module")
def made(tmp_path_factory, write_record):
    """The report of a run in which everything happened: its path and its run."""
    folder = tmp_path_factory.mktemp("report")
    write_record(folder / "record.jsonl")
    report_record(folder / "record.jsonl", folder / "report.html")
    return folder / "report.html", read_run(folder / "record.jsonl")


@pytest.fixture(scope="module")
def seen(made, open_page):
    """That report in a browser, once for all tests: each leaves its tables unfiltered."""
    return open_page(made[0].as_uri())


def test_its_figures_are_the_records(seen, made):
    _, run = made
    rows = {(row[0], row[1], row[2]): row for row in seen.rows("operations")}
    counted = {
        (row.resource, row.operation, "readwrite"): (f"{row.count:,}", f"{row.failed:,}")
        for row in run.totals.operation_rows("readwrite")
    }
    assert {key: (row[3], row[4]) for key, row in rows.items()} == counted
    assert seen.figure("Requests") == sum(series.count for series in run.totals.sums.values())
    assert seen.figure("Failed requests") == sum(s.count for key, s in run.totals.sums.items() if not key.ok)
    students = run.totals.operation_rows("readwrite")[-1]
    shown = seen.page.locator("#operations tr", has_text="students").locator("td").nth(7)
    assert float(shown.get_attribute("data-v")) == students.response.percentile_us(95) / 1000


def test_every_chart_is_drawn_and_told_in_words(seen):
    drawn = seen.page.locator("figure .plot .main-svg").evaluate_all(
        "plots => [...new Set(plots.map(plot => plot.closest('figure').id))]"
    )
    told = seen.page.locator("figure .plot").evaluate_all("plots => plots.map(plot => plot.ariaLabel)")
    assert {
        "chart-rate", "chart-latency", "chart-heat", "chart-operations", "chart-failures", "chart-users",
        "chart-arrivals", "chart-percentiles", "chart-knee-readwrite", "chart-health-cpu_ratio",
        "chart-server-postgres-_per_s",
    } <= set(drawn)  # fmt: skip
    assert len(told) == len(drawn)
    assert all(": from" in text or "See the table" in text for text in told)


@pytest.mark.parametrize(
    ("chart", "names"),
    [("server-postgres-_per_s", ["commits"]), ("health-cpu_ratio", []), ("failures", ["409", "429"])],
)
def test_each_line_has_a_name_even_a_single_one_unless_the_title_has_it(seen, chart, names):
    assert sorted(seen.page.locator(f'[id="chart-{chart}"] .legendtext').all_text_contents()) == names


def test_a_chart_opens_as_a_table(seen):
    seen.page.locator("#chart-rate summary").focus()
    seen.page.keyboard.press("Enter")
    rows = seen.page.locator("#chart-rate tbody tr")
    rows.first.wait_for()  # the browser tells of an opened table a moment later
    assert rows.count() == 32
    assert rows.first.inner_text().split() == ["00:00:01", "21", "1"]


def test_tables_sort_by_the_keyboard(seen):
    heading = seen.page.locator("#table-operations th", has_text="count")

    heading.locator("button").focus()
    seen.page.keyboard.press("Enter")
    falling = [int(row[3].replace(",", "")) for row in seen.rows("operations")]
    assert heading.get_attribute("aria-sort") == "descending"
    assert falling == sorted(falling, reverse=True)
    seen.page.keyboard.press("Enter")
    rising = [int(row[3].replace(",", "")) for row in seen.rows("operations")]
    assert heading.get_attribute("aria-sort") == "ascending"
    assert rising == sorted(rising)
    assert rising != falling


def test_filters_leave_the_rows_that_were_asked_for(seen):
    seen.page.get_by_role("searchbox").fill("STUD")
    assert [row[0] for row in seen.rows("operations")] == ["students"]
    assert seen.page.locator(".filters output").inner_text() == "1 of 4 rows"
    seen.page.get_by_role("searchbox").fill("")
    seen.page.get_by_role("combobox", name="Operation").select_option("create")
    assert [row[0] for row in seen.rows("operations")] == ["grades"]
    seen.page.get_by_role("combobox", name="Operation").select_option("")
    seen.page.get_by_role("checkbox").check()
    assert {row[1] for row in seen.rows("operations")} == {"update", "query"}
    seen.page.get_by_role("checkbox").uncheck()
    assert len(seen.rows("operations")) == 4


def test_a_servers_words_are_text_and_nothing_else(seen):
    assert seen.page.evaluate("window.hacked") is None
    assert seen.page.locator("img").count() == 0
    assert seen.page.locator("script").count() == 5
    seen.page.locator(".failure").first.evaluate("details => { details.open = true }")
    assert "<img src=x onerror='window.hacked=1'>" in seen.page.locator(".failure pre").first.inner_text()
    assert "{{7*7}}" in seen.page.locator("#table-accounts").inner_text()


def test_it_is_one_file_that_asks_nobody(seen, made):
    assert made[0].stat().st_size < MOST_BYTES
    assert "default-src 'none'" in seen.page.content()
    assert seen.strangers == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_follows_the_readers_theme(seen, theme):
    seen.page.emulate_media(color_scheme=theme)

    seen.page.locator(f'html[data-theme="{theme}"]').wait_for()  # the page is told a moment later
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == BACKGROUNDS[theme]
    seen.picture(f"report-{theme}")


def test_every_table_has_a_caption_and_every_heading_a_scope(seen):
    assert seen.page.locator("main > section table:not(:has(caption))").count() == 0
    assert seen.page.locator("th:not([scope])").count() == 0


def test_it_prints_all_of_it_dark_on_light(seen):
    seen.page.emulate_media(color_scheme="dark")
    paper = seen.page.pdf()
    assert paper.startswith(b"%PDF")
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert seen.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert seen.page.locator("#settings").get_attribute("open") is not None
    seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert seen.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_button_changes_the_theme_for_good(seen):
    seen.page.emulate_media(color_scheme="light")
    seen.page.get_by_role("button", name="Use the dark theme").click()
    seen.page.emulate_media(color_scheme="dark")
    seen.page.get_by_role("button", name="Use the light theme").click()

    assert seen.page.evaluate("document.documentElement.dataset.theme") == "light"


def test_a_killed_run_gives_a_report_that_says_so(record, open_page):
    path = record(ended=False)
    report_record(path, path.with_name("report.html"))
    seen = open_page(path.with_name("report.html").as_uri())

    assert "Partial: the record ends after 0:32 without an end" in seen.page.locator("#summary").inner_text()
    assert seen.figure("Requests") == 8 * (22 + 42 + 62 + 82)
    assert seen.page.locator("#thresholds tr").count() == 2


@pytest.mark.parametrize("text", ["</script>", "<!--", "a\u2028b", "&amp;"])
def test_data_in_a_script_can_not_end_it(text):
    made = json_for_script({"text": text})

    assert json.loads(made) == {"text": text}
    assert not set("<>&\u2028") & set(made)
