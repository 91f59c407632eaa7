"""The shipped alerts are valid, fire when they should, and are silent on a quiet service; promtool judges."""

import json
import re
import subprocess

from tests.servers import ROOT

ALERTS = ROOT / "examples" / "monitoring" / "alerts.yml"
AT = 'instance="bank:8081"'
QUIET = {
    f'up{{job="virtual-banker", {AT}}}': "1x60",
    f'banker_rejections_total{{cause="store", {AT}}}': "7x60",
    f'banker_rejections_total{{cause="peers", {AT}}}': "0x60",
    f'banker_rejections_total{{cause="identity", {AT}}}': "0+10x60",
    f"banker_audit_failures_total{{{AT}}}": "0x60",
    f"banker_peers{{{AT}}}": "80x60",
    f"banker_peers_limit{{{AT}}}": "100x60",
    f"banker_threads_busy{{{AT}}}": "5x60",
    f"banker_threads_limit{{{AT}}}": "40x60",
    f'banker_engine_jobs{{engine="voice", {AT}}}': "3x60",
    f'banker_engine_jobs_limit{{engine="voice", {AT}}}': "10x60",
    f"banker_failed_recognitions_total{{{AT}}}": "0+1x60",
    f"banker_recognition_seconds_count{{{AT}}}": "0+100x60",
    f'banker_loop_lag_seconds_bucket{{le="0.02", {AT}}}': "0+120x60",
    f'banker_loop_lag_seconds_bucket{{le="0.2", {AT}}}': "0+120x60",
    f'banker_loop_lag_seconds_bucket{{le="+Inf", {AT}}}': "0+120x60",
    f'banker_reply_seconds_bucket{{le="1.0", {AT}}}': "0+60x60",
    f'banker_reply_seconds_bucket{{le="5.0", {AT}}}': "0+60x60",
    f'banker_reply_seconds_bucket{{le="+Inf", {AT}}}': "0+60x60",
    f'banker_tool_calls_total{{tool="freeze_card", outcome="ok", {AT}}}': "0+10x60",
    f'banker_tool_calls_total{{tool="freeze_card", outcome="failed", {AT}}}': "0+1x60",
    f"banker_not_understood_total{{{AT}}}": "0+1x60",
    f'banker_turns_total{{channel="typed", {AT}}}': "0+5x60",
    f'banker_turns_total{{channel="spoken", {AT}}}': "0+5x60",
}
"""Samples a minute apart: the value and how often, or `start+step`."""


CASES = {
    "BankerDown": ({f'up{{job="virtual-banker", {AT}}}': "0x60"}, {"job": "virtual-banker"}),
    "BankerStoreFails": ({f'banker_rejections_total{{cause="store", {AT}}}': "0+1x60"}, {}),
    "BankerAuditFails": ({f"banker_audit_failures_total{{{AT}}}": "0+1x60"}, {}),
    "BankerRefusesCalls": ({f'banker_rejections_total{{cause="peers", {AT}}}': "0+1x60"}, {"cause": "peers"}),
    "BankerNearlyFull": ({f"banker_peers{{{AT}}}": "95x60"}, {}),
    "BankerThreadsBusy": ({f"banker_threads_busy{{{AT}}}": "39x60"}, {}),
    "BankerEngineQueueLong": ({f'banker_engine_jobs{{engine="voice", {AT}}}': "9x60"}, {"engine": "voice"}),
    "BankerHearingFails": ({f"banker_failed_recognitions_total{{{AT}}}": "0+10x60"}, {}),
    "BankerLoopLags": ({f'banker_loop_lag_seconds_bucket{{le="0.02", {AT}}}': "0+60x60"}, {}),
    "BankerAnswersSlowly": ({f'banker_reply_seconds_bucket{{le="1.0", {AT}}}': "0+10x60"}, {}),
    "BankerToolFails": (
        {f'banker_tool_calls_total{{tool="freeze_card", outcome="failed", {AT}}}': "0+10x60"},
        {"tool": "freeze_card"},
    ),
    "BankerDoesNotUnderstand": ({f"banker_not_understood_total{{{AT}}}": "0+5x60"}, {}),
    "BankerCredentialsRefused": ({f'banker_rejections_total{{cause="identity", {AT}}}': "0+200x60"}, {}),
}


def series_test(series, alert, labels):
    """An hour of `series`, after which the alert fires with these labels; None: it is silent."""
    where = "".join(f', {name}="{value}"' for name, value in (labels or {}).items())
    fires = [{"labels": f'ALERTS{{alertname="{alert}", alertstate="firing", {AT}{where}}}', "value": 1}]
    expression = f'ALERTS{{alertname="{alert}"}}'
    test = {"expr": expression, "eval_time": "1h", "exp_samples": [] if labels is None else fires}
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    return {"name": alert, "interval": "1m", "input_series": inputs, "promql_expr_test": [test]}


def test_each_alert_fires_when_it_should_and_none_on_a_quiet_service(tmp_path):
    rules = ALERTS.read_text(encoding="utf-8")
    severities = dict(re.findall(r"alert: (\w+)\n.*?severity: (\w+)", rules, re.DOTALL))
    assert severities.keys() == CASES.keys()
    tests = [series_test(QUIET, alert, None) for alert in CASES]
    for alert, (changed, labels) in CASES.items():
        tests.append(series_test(QUIET | changed, alert, {**labels, "severity": severities[alert]}))
    path = tmp_path / "test.yml"  # JSON is YAML
    path.write_text(json.dumps({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
