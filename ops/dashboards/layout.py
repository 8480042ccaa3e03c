"""Makes Grafana's JSON of a dashboard (its JSON model, schema version 39: Grafana 10 and later)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ops.dashboards.panels import GOOD, Dashboard, Kind, Panel, Row

type Json = dict[str, Any]

TAG: Final = "callctl"
_SCHEMA: Final = 39
_WIDTH: Final = 24
_HEIGHTS: Final[Mapping[Kind, int]] = {"stat": 4}
_HEIGHT: Final = 8
_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_LATEST: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: Final[Mapping[Kind, Json]] = {
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {"reduceOptions": _LATEST, "colorMode": "value", "graphMode": "area", "textMode": "auto"},
    "bargauge": {"reduceOptions": _LATEST, "orientation": "horizontal", "displayMode": "gradient"},
    "piechart": {
        "reduceOptions": _LATEST,
        "pieType": "donut",
        "legend": {"displayMode": "table", "placement": "right", "values": ["value", "percent"], "showLegend": True},
    },
    "heatmap": {
        "calculate": False,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
        "cellGap": 1,
        "tooltip": {"mode": "single", "yHistogram": True},
    },
    "state-timeline": {"mergeValues": True, "showValue": "never", "legend": {"showLegend": False}},
    "table": {"showHeader": True},
}
_FORMATS: Final[Mapping[Kind, Json]] = {
    "heatmap": {"format": "heatmap"},
    "table": {"format": "table", "instant": True, "range": False},
    "piechart": {"instant": True, "range": False},
}
_ONLY_LABELS: Final = [
    {"id": "organize", "options": {"excludeByName": dict.fromkeys(("Time", "Value", "__name__", "job"), True)}}
]


def as_json(dashboard: Dashboard) -> Json:
    """What Grafana imports."""
    return {
        "uid": f"callctl-{dashboard.name}",
        "title": f"callctl: {dashboard.title}",
        "description": dashboard.about,
        "tags": [TAG],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "refresh": "30s",
        "time": {"from": dashboard.since, "to": "now"},
        "timezone": "browser",
        "graphTooltip": 1,
        "links": [{"type": "dashboards", "title": "callctl", "tags": [TAG], "asDropdown": True, "includeVars": True,
                   "keepTime": True, "icon": "external link", "targetBlank": False}],
        "templating": {"list": [
            {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
            {"name": "only", "label": "Only", "type": "adhoc", "datasource": _DATASOURCE},
        ]},
        "annotations": {"list": [{
            "name": "Alerts", "enable": True, "iconColor": "red", "datasource": _DATASOURCE,
            "expr": 'ALERTS{alertstate="firing"}', "titleFormat": "{{alertname}}", "step": "60s",
        }]},
        "panels": list(_panels(dashboard.rows)),
    }  # fmt: skip


def _panels(rows: Sequence[Row]) -> Iterator[Json]:
    """Left to right, a new line where the width is used up."""
    number = top = 0
    for row in rows:
        number += 1
        yield {
            "id": number, "type": "row", "title": row.question, "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": top, "w": _WIDTH, "h": 1},
        }  # fmt: skip
        top, left, lowest = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > _WIDTH:
                top, left, lowest = top + lowest, 0, 0
            number += 1
            height = _HEIGHTS.get(panel.kind, _HEIGHT)
            yield _panel(panel, number) | {"gridPos": {"x": left, "y": top, "w": panel.width, "h": height}}
            left, lowest = left + panel.width, max(lowest, height)
        top += lowest


def _panel(panel: Panel, number: int) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _DATASOURCE,
        "targets": [
            {"refId": chr(ord("A") + n), "datasource": _DATASOURCE, "expr": expression,
             "legendFormat": legend or "__auto", **_FORMATS.get(panel.kind, {})}
            for n, (legend, expression) in enumerate(panel.queries.items())
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        "transformations": _ONLY_LABELS if panel.kind == "table" else [],
    }  # fmt: skip


def _defaults(panel: Panel) -> Json:
    steps = [{"color": GOOD, "value": None}, *({"color": color, "value": value} for value, color in panel.steps)]
    found: Json = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.highest is not None:
        found["max"] = panel.highest
    if panel.decimals is not None:
        found["decimals"] = panel.decimals
    if panel.words:
        words = {str(value): {"text": text, "index": value} for value, text in panel.words.items()}
        found["mappings"] = [{"type": "value", "options": words}]
    if panel.kind in ("stat", "bargauge", "state-timeline"):
        found["color"] = {"mode": "thresholds"}
    if panel.kind == "timeseries":
        found["custom"] = {
            "lineWidth": 1, "fillOpacity": 30 if panel.stacked else 8, "showPoints": "never", "spanNulls": 300_000,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if panel.steps else "off"},
        }  # fmt: skip
    return found
