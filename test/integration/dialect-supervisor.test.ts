/**
 * Whole configurations, with what they include, through Supervisor's own reader and through ours:
 * the corners of `%(…)s`, of `[DEFAULT]` and of `environment` must end in the same processes.
 * Python's parts are judged one by one in `dialect-python`; here it is how Supervisor uses them.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { constants, hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { loadAgentConfig } from '../../agent/config/load.ts';
import type { LogTarget, ProcessDefinition } from '../../agent/core/definition.ts';
import { nodeConfigFiles } from '../../proto/dialect/node-files.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { findPython, judge } from './dialect/judge.ts';

interface Configuration {
  readonly what: string;
  /** By path; the first is the main file. Where it has no `[supervisord]`, it gets one. */
  readonly files: Readonly<Record<string, string>>;
  /** What Supervisor refuses and we take. */
  readonly onlyOurs?: true;
  /** What Supervisor takes and we refuse, and why. */
  readonly refusedHere?: RegExp;
}

const ENV = {
  ...{ HOME: '/root', PATH: '/usr/bin:/bin', GREETING: 'hello there', EMPTY: '', RATE: '50%' },
  ...{ QUOTED: 'it\'s "so"', NESTED: '%(ENV_GREETING)s', 'WITH(PARENTHESES)': 'x' },
};

const one = (keys: string): Configuration['files'] => ({ 'main.conf': `[program:web]\n${keys}` });

const CONFIGURATIONS: readonly Configuration[] = [
  {
    what: 'a command that names everything there is',
    files: one(
      'command = run %(here)s %(program_name)s %(group_name)s %(host_node_name)s %(process_num)02d/%(numprocs)d %(ENV_GREETING)s',
    ),
  },
  {
    what: 'numbered processes',
    files: one(
      'command = run --port=80%(process_num)02d\nnumprocs = 3\nnumprocs_start = 7\nprocess_name = %(program_name)s-%(process_num)x\nstdout_logfile = %(here)s/%(program_name)s.%(process_num)03d.log\nenvironment = N="%(process_num)s",OF="%(numprocs)d"\ndirectory = %(here)s',
    ),
  },
  {
    what: 'date formats, escaped',
    files: one('command = sh -c "date +%%Y-%%m-%%d; echo 100%%"'),
  },
  {
    what: 'a date format that is not escaped',
    files: one('command = date +%Y-%m-%d'),
  },
  { what: 'a percent sign at the end', files: one('command = echo 100%') },
  { what: 'an unknown variable', files: one('command = echo %(ENV_NOBODY_SET_THIS)s') },
  { what: 'a name written with capitals', files: one('command = echo %(Program_Name)s') },
  {
    what: 'a bare %s, which would be the whole environment',
    files: one('command = echo %s'),
    refusedHere: /found "%s"/,
  },
  {
    what: 'percent signs, quotes and parentheses in the environment',
    files: one(
      "command = echo %(ENV_RATE)s %(ENV_QUOTED)s %(ENV_NESTED)s %(ENV_WITH(PARENTHESES))s '%(ENV_EMPTY)s'",
    ),
  },
  {
    what: 'a program environment that the other keys of the program see, and its own keys not',
    files: one(
      'environment = PLACE="/srv",GREETING="bye",OLD="%(ENV_GREETING)s"\ncommand = %(ENV_PLACE)s/bin %(ENV_GREETING)s\ndirectory = %(ENV_PLACE)s\nprocess_name = %(ENV_GREETING)s',
    ),
  },
  {
    what: 'a program environment whose values name one another',
    files: one('command = x\nenvironment = A_NEW="1",B="%(ENV_A_NEW)s"'),
  },
  {
    what: 'a global environment under the one of the program',
    files: {
      'main.conf':
        '[supervisord]\nenvironment = GREETING="global",G="g %(here)s"\n[program:web]\ncommand = run %(ENV_GREETING)s %(ENV_G)s\nenvironment = G="own of %(ENV_G)s"\n[program:other]\ncommand = run %(ENV_G)s',
    },
  },
  {
    what: 'four percent signs where Supervisor expands twice',
    files: {
      'main.conf':
        '[supervisord]\nenvironment = RATE="5%%%%"\n[program:web]\ncommand = run %(ENV_RATE)s\nstdout_logfile = %(here)s/%%%%d.log',
    },
  },
  {
    what: 'two percent signs where Supervisor expands twice',
    onlyOurs: true,
    files: one('command = run\nstdout_logfile = %(here)s/%%d.log'),
  },
  {
    what: 'defaults, with here and variables, under a program that says otherwise',
    files: {
      'main.conf':
        '[DEFAULT]\ndirectory = %(here)s/x\npriority = 5\nenvironment = WHO="%(program_name)s"\n[program:web]\ncommand = web\n[program:db]\ncommand = db\npriority = 6\ndirectory = /\nenvironment = A="b"',
    },
  },
  {
    what: 'here in included files, in defaults and in a section that two files have',
    files: {
      'main.conf':
        '[DEFAULT]\ndirectory = %(here)s\n[include]\nfiles = conf.d/*.conf more/b.conf none/*.conf\n[program:main]\ncommand = %(here)s/main\n[program:both]\ncommand = %(here)s/old',
      'conf.d/a.conf': '[program:a]\ncommand = %(here)s/a\n[program:both]\ncommand = %(here)s/new',
      'more/b.conf':
        '[DEFAULT]\nstdout_logfile = %(here)s/log\npriority = 3\n[program:b]\ncommand = %(here)s/b',
      'more/c.conf': '[program:c]\ncommand = not included',
    },
  },
  {
    what: 'a default that a later file replaces',
    files: {
      'main.conf':
        '[DEFAULT]\ndirectory = %(here)s\npriority = 1\n[include]\nfiles = later.conf\n[program:main]\ncommand = main',
      'later.conf': '[DEFAULT]\ndirectory = /\npriority = 2\n[program:later]\ncommand = later',
    },
  },
  {
    what: 'a default between two files that replace it',
    files: {
      'main.conf':
        '[include]\nfiles = a/one.conf b/two.conf\n[program:main]\ncommand = main\n[supervisord]',
      'a/one.conf': '[DEFAULT]\ndirectory = %(here)s',
      'b/two.conf': '[DEFAULT]\ndirectory = /\n[program:later]\ncommand = later',
    },
  },
  {
    what: 'groups, and variables in the keys of a program in them',
    files: {
      'main.conf':
        '[group:g]\nprograms = a, b\npriority = 7\n[program:a]\ncommand = %(group_name)s/%(program_name)s\n[program:b]\ncommand = b\nprocess_name = %(group_name)s-b\n[program:alone]\ncommand = %(group_name)s',
    },
  },
  {
    what: 'values in variables, with white space around them',
    files: {
      'main.conf':
        '[supervisord]\nenvironment = P=" 1_0 ",SIGNAL=" sigUsr1 ",S="+2"\n[program:web]\ncommand = x\npriority = %(ENV_P)s\nstopsignal = %(ENV_SIGNAL)s\nstartsecs = %(ENV_S)s',
    },
  },
  {
    what: 'names with white space around them',
    files: { 'main.conf': '[program: web ]\ncommand = %(program_name)s|' },
  },
  {
    what: 'a command over several lines, with comments between and behind',
    files: one(
      'command = run ; the command\n  --one\n\n  ; not this\n  --two # nor this\n  --three#3',
    ),
  },
  {
    what: 'formats that configurations have and none should need',
    files: one(
      'command = %(program_name)10s|%(program_name)-10s|%(program_name).2s|%(process_num)+d|%(process_num)#o|%(program_name)r',
    ),
  },
];

const root = realpathSync(mkdtempSync(join(tmpdir(), 'dialect-supervisor-')));
after(() => rmSync(root, { recursive: true }));

const mains = CONFIGURATIONS.map(({ files }, at) => {
  const directory = join(root, String(at));
  const paths = Object.entries(files).map(([name, content], index) => {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    const isWhole = index > 0 || content.includes('[supervisord]');
    writeFileSync(path, isWhole ? content : `${content}\n[supervisord]\n`);
    return path;
  });
  return paths[0] ?? '';
});

const python = findPython('supervisor.options');
const skip = python === null && 'supervisor (4.2) is not installed for python3';
const theirs =
  python === null ? [] : judge({ supervisord: mains }, { python, env: ENV }).supervisord;

CONFIGURATIONS.forEach(({ what, onlyOurs, refusedHere }, at) => {
  test(`as Supervisor: ${what}`, { skip }, () => {
    const { config, problems } = loadAgentConfig(mains[at] ?? '', {
      env: { ...process.env, ...ENV },
      hostName: hostname(),
      workingDirectory: process.cwd(),
      files: nodeConfigFiles,
      ...fakeAccounts(),
    });
    if (refusedHere !== undefined) {
      assert.match(formatProblems({ errors: problems, warnings: [] }), refusedHere);
      assert.notEqual(theirs[at], null);
    } else if (onlyOurs) {
      assert.deepEqual(problems, []);
      assert.equal(theirs[at], null);
    } else {
      const inOrder = (all: readonly unknown[]) => all.map((one) => JSON.stringify(one)).sort();
      const ours = config && inOrder(config.processes.map(shown));
      const expected = theirs[at] as readonly unknown[] | null;
      assert.deepEqual(ours, expected && inOrder(expected));
    }
  });
});

/** In the order and terms of `judge.py`. */
function shown(process: ProcessDefinition): unknown {
  return {
    group: process.group,
    name: process.name,
    command: process.command,
    directory: process.directory,
    environment: Object.entries(process.environment).sort(([a], [b]) => (a < b ? -1 : 1)),
    stdout: logOf(process.stdoutLog.target),
    stderr: logOf(process.stderrLog.target),
    priority: process.priority,
    startsecs: process.startMs / 1000,
    stopsignal: (constants.signals as Record<string, number>)[`SIG${process.stopSignal}`],
  };
}

const logOf = (target: LogTarget): string | null => {
  if (target.kind === 'auto') return 'AUTO';
  return target.kind === 'file' ? target.path : null;
};
