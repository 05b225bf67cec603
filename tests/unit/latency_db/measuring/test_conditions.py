"""What is read of the machine, from folders that look like a system's, and what speaks against measuring on it."""

import os
import time
from dataclasses import replace

import pytest

from latency_db.measuring.conditions import Conditions, problems
from latency_db.measuring.cores import chosen_cores
from latency_db.measuring.cpu_usage import Usage
from latency_db.measuring.environment import environment, heat

QUIET = Conditions(
    cores=2,
    others_cores=0.1,
    cpu_share=0.99,
    heat=None,
    throttled=0,
    quota_waits=0,
    drift=0.01,
    reference_ms=0.1,
    known_ms=0.1,
)


def written(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_the_fastest_cores_are_chosen_and_of_each_core_one_hardware_thread_first(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))
    kinds = {0: "300", 1: "300", 2: "1024", 3: "1024", 4: "1024", 5: "1024"}
    siblings = {2: "2,4", 4: "2,4", 3: "3,5", 5: "3,5"}
    written(tmp_path, {f"cpu{core}/cpu_capacity": kind for core, kind in kinds.items()})
    written(tmp_path, {f"cpu{core}/topology/thread_siblings_list": pair for core, pair in siblings.items()})

    assert [chosen_cores(threads, tmp_path) for threads in (1, 2, 3, 5, 9)] == [
        (3,),
        (2, 3),
        (2, 3, 5),
        (1, 2, 3, 4, 5),
        (0, 1, 2, 3, 4, 5),
    ]


def test_facts_of_the_system_are_recorded(tmp_path):
    cpu = "sys/devices/system/cpu"
    root = written(
        tmp_path,
        {
            f"{cpu}/cpu0/cpufreq/scaling_governor": "powersave\n",
            f"{cpu}/cpu0/cpufreq/scaling_cur_freq": "1800000\n",
            f"{cpu}/cpu0/thermal_throttle/core_throttle_count": "3\n",
            f"{cpu}/cpu1/thermal_throttle/core_throttle_count": "4\n",
            "sys/class/thermal/thermal_zone0/temp": "41000\n",
            "sys/class/thermal/thermal_zone1/temp": "47500\n",
        },
    )
    facts = environment(root)

    expected = {
        "governor": "powersave",
        "frequency_khz": 1800000,
        "throttle_count": 7,
        "temperature_millicelsius": 47500,
    }
    assert expected.items() <= facts.items()
    assert heat(root) is None
    assert (
        environment(written(tmp_path / "other", {"proc/cpuinfo": "cpu MHz\t\t: 2596.146\n"}))["frequency_khz"]
        == 2596146
    )


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"temp": "91000", "trip_point_0_type": "passive", "trip_point_0_temp": "90000", "type": "soc"},
            "soc is at 91",
        ),
        ({"temp": "89000", "trip_point_0_type": "passive", "trip_point_0_temp": "90000"}, None),
        ({"temp": "91000", "trip_point_0_type": "active", "trip_point_0_temp": "60000"}, None),
    ],
)
def test_a_zone_is_hot_at_its_own_limit(tmp_path, files, expected):
    zone = "sys/class/thermal/thermal_zone0"
    found = heat(written(tmp_path, {f"{zone}/{name}": text for name, text in files.items()}))

    assert (found is None) if expected is None else expected in found


@pytest.mark.parametrize(("bits", "hot"), [("0", False), ("50000", False), ("50004", True), ("unknown", False)])
def test_a_board_that_slows_down_now_is_hot(tmp_path, bits, hot):
    root = written(tmp_path, {"sys/devices/platform/soc/soc:firmware/get_throttled": bits})

    assert (heat(root) is not None) == hot


def test_the_work_of_others_is_all_work_less_ones_own(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2})
    per_s = os.sysconf("SC_CLK_TCK")
    clock = iter([10.0, 12.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    own = iter([1.0, 2.5])
    monkeypatch.setattr(time, "process_time", lambda: next(own))

    def stat(user, steal):
        busy = f"{user * per_s} 0 0 999 0 0 0 {steal * per_s} 0 0"
        written(
            tmp_path, {"proc/stat": f"cpu  9 9\ncpu0 {busy}\ncpu1 77 0 0 0 0 0 0 0 0 0\ncpu2 0 0 0 0 0 0 0 0 0 0\n"}
        )
        return Usage.now(tmp_path)

    before, after = stat(1, 0), stat(3, 1)

    assert after.others_since(before) == pytest.approx((3 - 1.5) / 2)
    assert Usage.now(tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("threads", "seen", "expected"),
    [
        (1, {}, []),
        (2, {}, []),
        (1, {"heat": "soc is at 91 °C"}, ["hot: soc is at 91 °C"]),
        (1, {"throttled": 2}, ["hot: cores were slowed down 2 times"]),
        (1, {"quota_waits": 3}, ["busy: the CPU quota was used up in 3 periods"]),
        (1, {"drift": 0.06}, ["drifted by 6.0%"]),
        (1, {"reference_ms": 0.106}, ["takes 6.0% longer than the 0.1000 ms before"]),
        (1, {"reference_ms": 0.05}, []),
        (1, {"known_ms": None, "reference_ms": 9.0}, []),
        (1, {"others_cores": 2.0, "cpu_share": 0.5}, []),
        (1, {"cpu_share": 0.2}, ["had a core for 20% of the time"]),
        (2, {"others_cores": 0.5}, ["others used 0.5 of 2 cores, 2 were needed"]),
        (2, {"others_cores": None}, []),
    ],
)
def test_reasons_why_a_session_is_suspect(elsewhere, threads, seen, expected):
    found = list(problems(replace(elsewhere.device, threads=threads), replace(QUIET, **seen)))

    assert len(found) == len(expected)
    assert all(words in reason for words, reason in zip(expected, found, strict=True))
