"""The dashboards: made by the code that is there, readable, and of nothing but series that exist."""

import json
from typing import Any, Final

import pytest
import yaml

from ops.dashboards.build import DASHBOARDS, text_of
from tests.watch.deployed import GRAFANA, dashboards, declared, name_of, panels, selectors

PANELS: Final = dict(panels())
WIDTH: Final = 24


def test_the_files_are_those_the_code_makes() -> None:
    made = {f"{each.name}.json": json.loads(text_of(each)) for each in DASHBOARDS}
    assert dashboards() == made, "python -m ops.dashboards.build"


@pytest.mark.parametrize("title", PANELS)
def test_each_series_of_a_panel_is_declared(title: str) -> None:
    asked = {name_of(each) for target in PANELS[title]["targets"] for each in selectors(target["expr"])}
    assert asked
    assert asked - declared() == set()


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_can_be_read(title: str) -> None:
    """A title, a unit, and a legend wherever there is more than one line."""
    panel = PANELS[title]
    assert panel["title"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    if panel["type"] not in ("stat", "table"):
        assert all(target["legendFormat"] != "__auto" for target in panel["targets"])
    steps = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
    assert steps[0] is None
    assert steps[1:] == sorted(steps[1:])


@pytest.mark.parametrize("name", dashboards())
def test_rows_ask_questions_and_panels_do_not_overlap(name: str) -> None:
    dashboard = dashboards()[name]
    rows = [panel for panel in dashboard["panels"] if panel["type"] == "row"]
    assert dashboard["panels"][0] is rows[0]
    assert all(row["title"].endswith("?") for row in rows)
    cells = [cell for panel in dashboard["panels"] for cell in _cells(panel["gridPos"])]
    assert len(cells) == len(set(cells))
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(numbers) == len(set(numbers))


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    assert place["x"] + place["w"] <= WIDTH
    return [(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])]


def test_what_provisions_them_fits_them() -> None:
    [source] = _yaml("datasources/prometheus.yml")["datasources"]
    [provider] = _yaml("dashboards/callctl.yml")["providers"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    assert provider["options"]["path"]
    assert len({dashboard["uid"] for dashboard in dashboards().values()}) == len(dashboards())


def _yaml(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((GRAFANA / "provisioning" / name).read_text())
    return found
