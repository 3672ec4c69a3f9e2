"""The judge of the dialect: answers, in Python's and Supervisor's own terms, what texts mean.

Reads {"kind": [question, ...], ...} as JSON and writes the answers in the same shape. Whatever
Python refuses is null, except where the kind says more.
"""
import configparser
import glob
import io
import json
import shlex
import sys


def new_parser():
    # As supervisor.options.UnhosedConfigParser makes it.
    return configparser.RawConfigParser(inline_comment_prefixes=(';', '#'), strict=False)


def ini(text):
    """Its sections and defaults, or the lines in which it is wrong."""
    parser = new_parser()
    try:
        parser.read_file(io.StringIO(text.removeprefix('\ufeff'), newline=None))
    except configparser.MissingSectionHeaderError as error:
        return {'missing': error.lineno}
    except configparser.ParsingError as error:
        return {'lines': [line for line, _ in error.errors]}
    own = [[name, list(map(list, items.items()))] for name, items in parser._sections.items()]
    return {'sections': own, 'defaults': list(map(list, parser.defaults().items()))}


def environment(text):
    """supervisor.datatypes.dict_of_key_value_pairs, so that it can be asked without Supervisor."""
    lexer = shlex.shlex(text)
    lexer.wordchars += '/.+-():'
    try:
        words = list(lexer)
    except ValueError:
        return None
    pairs = {}
    while words:
        pair, words = words[:3], words[4:]
        if len(pair) != 3 or pair[1] != '=':
            return None
        pairs[pair[0]] = pair[2].strip('\'"')
    return list(map(list, pairs.items()))


class Variables(dict):
    """Refuses to be printed whole, which is our one difference on purpose."""

    def __repr__(self):
        raise ValueError('this is the whole table')


def percent(question):
    text, variables = question
    try:
        return text % Variables(variables)
    except Exception:
        return None


def words(text):
    """The words, or what Supervisor says of a command that has none."""
    try:
        return shlex.split(text)
    except ValueError as error:
        return "can't parse command %r: %s" % (text, error)


def files(pattern):
    return sorted(glob.glob(pattern))


def corpus(question):
    """Each section of a file: every key with its value, expanded, and read if it has a grammar."""
    path, variables = question
    parser = new_parser()
    with open(path, encoding='utf-8-sig') as file:
        parser.read_file(file)

    def entry(key, value):
        expanded = percent([value, variables])
        grammar = {'command': words, 'environment': environment}.get(key)
        read = grammar(expanded) if grammar and expanded is not None else None
        return [key, value, expanded, read]

    return [[name, [entry(*item) for item in parser.items(name)]] for name in parser.sections()]


def value(question):
    """A converter of supervisor.datatypes by its name: [value], or null where it refuses."""
    from supervisor import datatypes

    name, text = question
    try:
        found = getattr(datatypes, name)(text)
    except (ValueError, TypeError, AssertionError):
        return None
    return [found.__name__ if isinstance(found, type) else found]


def supervisord(path):
    """The processes that supervisord makes of a configuration, or null where it refuses."""
    from supervisor.datatypes import Automatic
    from supervisor.options import ServerOptions

    options = ServerOptions()
    sys.stderr = io.StringIO()
    try:
        options.realize(['-c', path])
    except SystemExit:
        return None
    finally:
        sys.stderr = sys.__stderr__

    def log(process, channel):
        target = getattr(process, channel + '_logfile')
        return 'AUTO' if target is Automatic else target

    return [
        {
            'group': group.name,
            'name': process.name,
            'command': process.command,
            'directory': process.directory,
            'environment': sorted(map(list, process.environment.items())),
            'stdout': log(process, 'stdout'),
            'stderr': log(process, 'stderr'),
            'priority': process.priority,
            'startsecs': process.startsecs,
            'stopsignal': process.stopsignal,
        }
        for group in options.process_group_configs
        for process in group.process_configs
    ]


JUDGES = {
    'ini': ini,
    'environment': environment,
    'percent': percent,
    'words': words,
    'files': files,
    'corpus': corpus,
    'value': value,
    'supervisord': supervisord,
}

asked = json.load(sys.stdin)
answers = {kind: [JUDGES[kind](one) for one in questions] for kind, questions in asked.items()}
json.dump(answers, sys.stdout)
