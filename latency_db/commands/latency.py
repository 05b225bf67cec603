"""`nas latency`: latencies that are asked for, checked, exported and imported."""

from nas.command_line.groups import EntryPointGroup

latency = EntryPointGroup(
    "latency",
    entry_point_group="nas.commands.latency",
    help="Latencies of networks: tables in and out, and what is wrong with them.",
)
