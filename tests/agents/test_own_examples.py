"""A bank's own examples extend what the agent recognises."""

from pathlib import Path

import pytest

from banker.agents.registry import train_recogniser
from banker.config.loading import load


def test_a_folder_without_examples_is_reported(tmp_path: Path) -> None:
    (tmp_path / "tenants").mkdir()
    text = (Path(load.__code__.co_filename).parents[2] / "config/tenants/demo.toml").read_text()
    (tmp_path / "tenants/demo.toml").write_text(text + '\n[agent]\nexamples = "mine"\n')
    with pytest.raises(Exception, match=r"demo\.toml: agent\.examples: there is no \.txt file in mine"):
        load(tmp_path, {"BANKER_DEMO": "1"})
    (tmp_path / "tenants/mine").mkdir()
    (tmp_path / "tenants/mine/smalltalk.txt").write_text("do you like cheese\n")
    tenant = load(tmp_path, {"BANKER_DEMO": "1"}).tenants["demo"]
    assert tenant.agent.examples == str(tmp_path / "tenants/mine")


def test_a_banks_own_examples_are_used(tmp_path: Path) -> None:
    (tmp_path / "opening_hours.txt").write_text("zorp the flim\n")
    assert train_recogniser(str(tmp_path))("zorp the flim").intent == "opening_hours"
    (tmp_path / "weather.txt").write_text("rain\n")
    with pytest.raises(ValueError, match=r"weather\.txt: there is no such intent"):
        train_recogniser(str(tmp_path))
