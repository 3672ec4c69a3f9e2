"""
Reads supervisord.conf files with the installed Supervisor, and tells what it makes of them.

stdin: {"files": [absolute path, ...], "users": {name: [uid, gid], ...}, "groups": {name: gid, ...}}
stdout: {"version": ..., "verdicts": [{"refused": text} or {"daemon": {...}, "processes": [...]}, ...]}
"""
import grp
import io
import json
import os
import pwd
import sys

sys.argv = ['supervisord']

from supervisor.datatypes import Automatic, RestartUnconditionally, RestartWhenExitUnexpected
from supervisor.options import ServerOptions, VERSION

asked = json.load(sys.stdin)


def account(table, position, key):
    for name, ids in table.items():
        fields = (name, '*', *ids)
        if fields[position] == key:
            return fields
    raise KeyError(key)


users = {name: tuple(ids) for name, ids in asked['users'].items()}
groups = {name: (gid,) for name, gid in asked['groups'].items()}
pwd.getpwnam = lambda name: account(users, 0, name)
pwd.getpwuid = lambda uid: account(users, 2, uid)
grp.getgrnam = lambda name: account(groups, 0, name)
grp.getgrgid = lambda gid: account(groups, 2, gid)

AUTORESTART = {RestartUnconditionally: 'always', RestartWhenExitUnexpected: 'unexpected', False: 'never'}


class Options(ServerOptions):
    def processes_from_section(self, parser, section, group_name, klass=None):
        found = ServerOptions.processes_from_section(self, parser, section, group_name, klass)
        for config in found:
            config.section = section
        return found


def path(found):
    if found is Automatic:
        return 'AUTO'
    return os.path.abspath(found) if found else None


def log(config, stream):
    of = lambda key: getattr(config, '%s_%s' % (stream, key))
    return {
        'file': path(of('logfile')),
        'syslog': of('syslog'),
        'maxBytes': of('logfile_maxbytes'),
        'backups': of('logfile_backups'),
    }


def process(options, group, config):
    url = options.serverurl if config.serverurl is None else config.serverurl
    return {
        'group': group.name,
        'groupPriority': group.priority,
        'name': config.name,
        'section': config.section,
        'priority': config.priority,
        'uid': config.uid,
        'command': config.command,
        'directory': config.directory,
        'umask': config.umask,
        'autostart': config.autostart,
        'autorestart': AUTORESTART[config.autorestart],
        'startsecs': config.startsecs,
        'startretries': config.startretries,
        'exitcodes': config.exitcodes,
        'stopsignal': int(config.stopsignal),
        'stopwaitsecs': config.stopwaitsecs,
        'stopasgroup': config.stopasgroup,
        'killasgroup': config.killasgroup,
        'redirect_stderr': config.redirect_stderr,
        'environment': config.environment,
        'serverurl': url or None,
        'stdout': log(config, 'stdout'),
        'stderr': log(config, 'stderr'),
    }


def judge(file):
    options = Options()
    options.stderr = io.StringIO()
    try:
        options.realize(['-c', file, '-n'], doc='')
    except SystemExit:
        return {'refused': options.stderr.getvalue().splitlines()[0]}
    except Exception as error:
        return {'refused': 'raised %r' % error}
    return {
        'daemon': {
            'uid': options.uid,
            'minfds': options.minfds,
            'minprocs': options.minprocs,
            'umask': options.umask,
            'stripAnsi': bool(options.strip_ansi),
            'childlogdir': os.path.abspath(options.childlogdir),
            'logfile': options.logfile,
            'logfileMaxBytes': options.logfile_maxbytes,
            'logfileBackups': options.logfile_backups,
            'loglevel': options.loglevel,
            'pidfile': options.pidfile,
        },
        'processes': [
            process(options, group, config)
            for group in options.process_group_configs
            for config in group.process_configs
        ],
    }


json.dump({'version': VERSION, 'verdicts': [judge(file) for file in asked['files']]}, sys.stdout)
