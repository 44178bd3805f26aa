"""`make bench`: how far our feeds are from what this machine can do at all.

The same churn (generated from a seed, so it is the same on every run) is played by one local API
server to three listeners, each in a process of its own:

    kopf     the default feed: Kopf, tuned as in `handlers/kopf_settings.py`
    stream   `--feed stream`: our own watch (`cluster/watch.py`)
    bare     the floor: forty lines of asyncio, aiohttp and msgspec that survive nothing (`bare.py`)

All three hand the same typed pods to the same decision, `notice.symptoms.symptom_of`; what
differs is the way there. What is printed are ratios to the bare loop of the same run: they say
something about the code, while seconds say something about the machine. Less is better.

    sync      from the first request until every pod was judged
    flood     20,000 changes sent in one go, until the last was judged
    latency   at 100 changes a second, from the server's send to the judgement; p50 and p99
    memory    growth of the process at its peak while 30,000 pods are synced, per pod
    stall     the longest time that the listener computed without letting other tasks run

On a machine that is busy with other things seconds are noise; the rows marked CPU (what the
listening process itself computed) and the stall are not.

Server and listener have a core each, and nothing is gained by being faster than the server: bare
is the floor of the pair. `--quick` plays a tenth. It is a measurement, not a test: it never fails.
"""
