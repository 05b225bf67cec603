"""`nas latency`: latencies that are asked for, checked, exported and imported."""

from nas.command_line.groups import EntryPointGroup

latency = EntryPointGroup(
    "latency",
    entry_point_group="nas.commands.latency",
    help="Latencies of networks: estimates, and tables in and out with their errors.",
)
