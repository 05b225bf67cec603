"""The comparison of rewards under reinforcement learning, as its users call it."""

import json

from problem_files import write_table

import reinforce_rewards


def test_a_row_for_each_reward_and_target_and_a_plot_of_them(tmp_path, capsys):
    out = tmp_path / "out.json"
    given = ["--problem", str(write_table(tmp_path)), "--evals", "8", "--seeds", "1", "--json", str(out)]
    reinforce_rewards.main(given)
    rows, printed = json.loads(out.read_text()), capsys.readouterr().out

    assert len(rows) == 6
    assert all(len(row["latency_ms"]) == len(row["accuracy"]) == 8 for row in rows)
    soft = [line.split(" | ")[3] for line in printed.splitlines() if line.startswith("| soft |") and "%" in line][:3]
    assert len(set(soft)) == 1, "the soft reward prefers the same network at every target"
    assert out.with_suffix(".svg").read_text().count("<circle") > 6
    reinforce_rewards.main(given)
    assert json.loads(out.read_text()) == rows
