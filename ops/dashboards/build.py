"""`python -m ops.dashboards.build` writes the dashboards where Grafana's provisioning finds them."""

import json
from pathlib import Path
from typing import Final

from ops.dashboards.business import BUSINESS
from ops.dashboards.calls import CALLS
from ops.dashboards.latency import LATENCY
from ops.dashboards.layout import as_json
from ops.dashboards.media import MEDIA
from ops.dashboards.panels import Dashboard
from ops.dashboards.providers import PROVIDERS
from ops.dashboards.system import SYSTEM

DASHBOARDS: Final = (CALLS, LATENCY, MEDIA, PROVIDERS, BUSINESS, SYSTEM)
FOLDER: Final = Path(__file__).parents[1] / "deploy" / "grafana" / "dashboards"


def text_of(dashboard: Dashboard) -> str:
    """The content of its file."""
    return json.dumps(as_json(dashboard), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for dashboard in DASHBOARDS:
        (FOLDER / f"{dashboard.name}.json").write_text(text_of(dashboard))


if __name__ == "__main__":
    main()
