/**
 * Programs that cannot be begun: what is said of them, and what becomes of them. startsecs is 2 for
 * the reason told in `starting.ts`.
 */
import { DIRECTORY, EXECUTED, namedError, RELATIVE } from '../named-error.ts';
import type { Row } from '../row.ts';
import { ctl, daemonNow, file, pause, remarks, shell, shellFact, until } from '../steps.ts';

const FOUND_OUT = 'is found out before';

const AGAIN_AND_AGAIN = 'STARTING BACKOFF STARTING BACKOFF STARTING BACKOFF STARTING BACKOFF FATAL';

export const SPAWN_FAULTS: readonly Row[] = [
  {
    name: 'a command that is not there, at boot',
    ref: 5,
    conf: '[program:x]\ncommand = {dir}/nowhere --flag',
    steps: [until('x', 'FATAL')],
    shows: {
      'states of x': AGAIN_AND_AGAIN,
      'spawn errors of x': "can't find command '{dir}/nowhere'",
    },
  },
  {
    name: 'a command that is nowhere on the PATH',
    ref: null,
    conf: '[program:x]\ncommand = no-such-program-here\nstartretries = 1',
    steps: [until('x', 'FATAL'), ctl('status x')],
    shows: { 'spawn errors of x': "can't find command 'no-such-program-here'" },
  },
  {
    name: 'a command that is not there, started by hand',
    ref: 6,
    conf: '[program:x]\ncommand = {dir}/nowhere\nautostart = false',
    steps: [ctl('start x'), ctl('status x')],
    shows: { '$ start x': 'exit 1\nx: ERROR (no such file)' },
  },
  {
    name: 'a command that may not be executed, started by hand',
    ref: 7,
    conf: '[program:x]\ncommand = {dir}/plain.txt\nautostart = false',
    files: { 'plain.txt': 'not a program\n' },
    steps: [ctl('start x'), ctl('status x')],
    shows: { '$ start x': 'exit 1\nx: ERROR (file is not executable)' },
  },
  {
    name: 'a command that may not be executed, at boot',
    ref: null,
    conf: '[program:x]\ncommand = {dir}/plain.txt\nstartretries = 1',
    files: { 'plain.txt': 'not a program\n' },
    steps: [until('x', 'FATAL'), ctl('status x')],
    shows: { 'spawn errors of x': "command at '{dir}/plain.txt' is not executable" },
  },
  {
    name: 'a command that is a directory',
    ref: null,
    conf: '[program:x]\ncommand = {dir}/shared\nstartretries = 0\n[program:y]\ncommand = {dir}/auto\nautostart = false',
    steps: [until('x', 'FATAL'), ctl('start y')],
    shows: { 'spawn errors of x': "command at '{dir}/shared' is a directory" },
  },
  {
    name: 'a quote that is not closed',
    ref: 8,
    conf: '[program:x]\ncommand = sleep "1000\nstartretries = 1',
    steps: [until('x', 'FATAL'), ctl('start x')],
    shows: { 'spawn errors of x': /^can't parse command / },
  },
  {
    name: 'an empty command',
    ref: null,
    conf: '[program:x]\ncommand =\nstartretries = 0',
    steps: [pause(2), daemonNow],
    ignore: /^(states|endings|spawn errors|gaps) of/,
    shows: { 'daemon now': 'runs', 'spawn errors of x': 'command is empty' },
    onPurpose: ['daemon starts', 'daemon now'].map((fact) => ({
      fact,
      ours: 'exit 2',
      see: 'an empty `command` or `directory`',
    })),
  },
  {
    name: 'a script without #! that may be executed',
    ref: null,
    conf: '[program:x]\ncommand = {dir}/script\nstartretries = 0\nstartsecs = 2\nstderr_logfile = {dir}/err.log',
    files: { script: 'sleep 1000\n' },
    steps: [
      until('x', 'FATAL'),
      shell('chmod +x script'),
      ctl('start x'),
      shellFact('what is said of it', 'grep -c "ENOEXEC\\|Exec format error" err.log'),
    ],
    shows: { '$ start x': /ERROR \(spawn error\)|abnormal termination/ },
    onPurpose: [
      { fact: '$ start x', ours: 'exit 1\nx: ERROR (file is not executable)', see: FOUND_OUT },
      { fact: 'what is said of it', ours: /No such file/, see: FOUND_OUT },
      { fact: 'states of x', ours: 'STARTING BACKOFF FATAL', see: FOUND_OUT },
      { fact: 'endings of x', ours: '', see: FOUND_OUT },
      {
        fact: 'spawn errors of x',
        ours: "command at '{dir}/script' is not executable",
        see: FOUND_OUT,
      },
    ],
  },
  {
    name: 'a script whose interpreter is not there',
    ref: null,
    conf: `[program:x]
command = {dir}/script
startretries = 1
startsecs = 2
stderr_logfile = {dir}/err.log`,
    files: { script: '#!/nowhere/interpreter\n' },
    steps: [until('x', 'FATAL'), remarks('err.log')],
    shows: {
      remarks: /exec .*: ENOENT\n.*not/,
      'states of x': 'STARTING BACKOFF STARTING BACKOFF FATAL',
      'endings of x': '127 127',
    },
    onPurpose: namedError({
      error: "couldn't exec {dir}/script: ENOENT",
      endings: '127 127',
      see: EXECUTED,
    }),
  },
  {
    name: 'a program that goes to the background',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "sleep 1000 & exit 0"\nstartsecs = 2\nstartretries = 1',
    steps: [until('x', 'FATAL')],
    shows: { 'states of x': 'STARTING BACKOFF STARTING BACKOFF FATAL', 'endings of x': '0 0' },
  },
  {
    name: 'a directory that is not there',
    ref: null,
    conf: `[program:x]
command = sleep 1000
directory = {dir}/nowhere
startsecs = 2
startretries = 1
stderr_logfile = {dir}/err.log`,
    steps: [until('x', 'FATAL')],
    observe: [file('err.log')],
    shows: {
      'states of x': 'STARTING BACKOFF STARTING BACKOFF FATAL',
      'file err.log': /^(supervisor: .*chdir to .*\/nowhere: ENOENT\nsupervisor: .*not .*\n?){2}$/,
    },
    onPurpose: namedError({
      error: "couldn't chdir to {dir}/nowhere: ENOENT",
      endings: '',
      see: DIRECTORY,
    }),
  },
  {
    name: 'a directory that is a file, with redirect_stderr',
    ref: null,
    conf: `[program:x]
command = sleep 1000
directory = {dir}/file
startsecs = 2
startretries = 0
redirect_stderr = true
stdout_logfile = {dir}/out.log`,
    files: { file: '' },
    steps: [until('x', 'FATAL')],
    observe: [file('out.log')],
    shows: { 'file out.log': /ENOTDIR/ },
    onPurpose: namedError({
      error: "couldn't chdir to {dir}/file: ENOTDIR",
      endings: '',
      see: DIRECTORY,
    }),
  },
  {
    name: 'a command that is found in the PATH of the program',
    ref: null,
    conf: `[program:x]
command = my-own-program
environment = PATH="{dir}/own:/usr/bin:/bin"`,
    files: { 'own/my-own-program': '#!/bin/sh\nexec sleep 1000\n' },
    steps: [until('x', 'RUNNING')],
    shows: { 'states of x': 'STARTING RUNNING' },
  },
  {
    name: 'a command with a relative path',
    ref: null,
    conf: '[program:x]\ncommand = own/program\ndirectory = {dir}/own\nstartretries = 0\nstartsecs = 2',
    files: { 'own/program': '#!/bin/sh\nexec sleep 1000\n' },
    steps: [until('x', 'FATAL'), ctl('status x')],
    shows: { '$ status x': /FATAL/ },
    onPurpose: namedError({
      error: "can't find command 'own/program'",
      endings: '',
      see: RELATIVE,
    }),
  },
];
