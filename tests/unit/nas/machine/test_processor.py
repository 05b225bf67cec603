"""Names of processors from the files of Linux kernels."""

import pytest

from nas.machine.processor import processor_name

EPYC = """\
processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
stepping\t: 1
cpu MHz\t\t: 2600.000
power management:

"""
ARM_CORE = """\
processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: {part}
CPU revision\t: 3

"""
RASPBERRY_PI_4 = "".join(ARM_CORE.format(number=number, part="0xd08") for number in range(4)) + (
    "Revision\t: c03114\nSerial\t\t: 100000001a2b3c4d\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n"
)
TWO_KINDS = "".join(ARM_CORE.format(number=number, part=part) for number, part in enumerate(["0xd05"] * 2 + ["0xd0b"]))
ARM_32_BIT = RASPBERRY_PI_4.replace("BogoMIPS", "model name\t: ARMv7 Processor rev 3 (v7l)\nBogoMIPS")


@pytest.fixture
def named(tmp_path):
    """The name of a machine with this /proc/cpuinfo, on this board."""

    def name(cpuinfo, board=None):
        (tmp_path / "proc" / "device-tree").mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc" / "cpuinfo").write_text(cpuinfo)
        if board:
            (tmp_path / "proc" / "device-tree" / "model").write_text(f"{board}\0")
        return processor_name(tmp_path)

    return name


def test_x86_has_a_model_name_and_numbers(named):
    assert named(EPYC) == "AMD EPYC (family 25, model 17)"


def test_a_raspberry_pi_is_identified_by_its_board_and_its_cores(named):
    """Not by its serial number: two boards of one kind have the same name."""
    assert named(RASPBERRY_PI_4) == "Raspberry Pi 4 Model B Rev 1.4 (implementer 0x41 part 0xd08)"


def test_the_board_is_in_the_device_tree_where_cpuinfo_has_none(named):
    found = named(TWO_KINDS, "Radxa ROCK 5B")

    assert found == "Radxa ROCK 5B (implementer 0x41 part 0xd05, implementer 0x41 part 0xd0b)"


def test_arm_without_a_board_still_has_its_cores(named):
    """As on ARM servers and virtual machines."""
    assert named(TWO_KINDS).endswith(" (implementer 0x41 part 0xd05, implementer 0x41 part 0xd0b)")


def test_a_32_bit_system_is_named_by_its_board_and_not_its_architecture(named):
    assert named(ARM_32_BIT) == named(RASPBERRY_PI_4)


def test_without_cpuinfo_the_platform_is_asked(tmp_path):
    assert processor_name(tmp_path)
