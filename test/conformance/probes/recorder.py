"""Writes each change of a process's state under supervisord as a line of JSON.

It is a plug-in inside supervisord, not an event listener: a listener would stand in every list,
be stopped by `stop all`, and its traffic would wake the loop whose pace is to be measured.
"""
import json
import os
import time

from supervisor import events, process, rpcinterface, states

last_ending = None
decode = process.decode_wait_status


def remember_ending(status):
    global last_ending
    code, text = decode(status)
    last_ending = text
    return code, text


def write(event):
    global last_ending
    subject = event.process
    line = {
        'at': time.time(),
        'group': subject.group.config.name,
        'name': subject.config.name,
        'state': states.getProcessStateDescription(subject.state),
        'pid': subject.pid,
        'ending': last_ending,
        'error': subject.spawnerr,
    }
    last_ending = None
    # Opened anew each time: a reload closes every descriptor that it does not know.
    with open(os.environ['CONFORMANCE_RECORD'], 'a') as record:
        record.write(json.dumps(line) + '\n')


def make_supervisor(supervisord, **config):
    """Supervisor's own interface, which does not bear what [DEFAULT] adds to its section."""
    return rpcinterface.make_main_rpcinterface(supervisord)


def make(supervisord, **config):
    process.decode_wait_status = remember_ending
    events.subscribe(events.ProcessStateEvent, write)
    return object()
