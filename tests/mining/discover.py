"""Reads event logs as a process miner does, with pm4py: `discover.py LOG.xes LOG.ocel.json`. Tells what it found as JSON.

Whatever pm4py complains of ends it: warnings are errors, once its own packages are loaded.
"""
import json
import sys
import warnings

import pm4py

warnings.simplefilter("error")
warnings.filterwarnings("ignore", message="Install the optional requirement")
xes, ocel = sys.argv[1:]

log = pm4py.read_xes(xes)
net, begins, ends = pm4py.discover_petri_net_inductive(log)
graph, starts, stops = pm4py.discover_dfg(log)
fitness = pm4py.fitness_token_based_replay(log, net, begins, ends)
objects = pm4py.read_ocel2_json(ocel)
model = pm4py.discover_oc_petri_net(objects)

json.dump(
    {
        "cases": int(log["case:concept:name"].nunique()),
        "events": len(log),
        "activities": sorted(log["concept:name"].unique()),
        "lifecycle": sorted(log["lifecycle:transition"].unique()),
        "resources": int(log["org:resource"].nunique()),
        "in_order": bool(log.groupby("case:concept:name")["time:timestamp"].apply(lambda at: at.is_monotonic_increasing).all()),
        "starts": sorted(starts),
        "transitions": len(net.transitions),
        "fitness": fitness["log_fitness"],
        "object_events": len(objects.events),
        "object_types": sorted(pm4py.ocel_get_object_types(objects)),
        "object_nets": sorted(model["petri_nets"]),
    },
    sys.stdout,
    ensure_ascii=False,
)
