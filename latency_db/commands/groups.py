"""`nas device` and `nas latency`: groups whose commands are imported only when they are called."""

from nas.command_line.groups import EntryPointGroup

device = EntryPointGroup(
    "device", entry_point_group="nas.commands.device", help="Devices and the latencies measured on them."
)
latency = EntryPointGroup(
    "latency",
    entry_point_group="nas.commands.latency",
    help="Latencies of networks: estimates, and tables in and out with their errors.",
)
