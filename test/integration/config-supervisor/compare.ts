/**
 * Supervisor's verdict on a file beside ours. What Supervisor keeps otherwise, but acts on alike, is
 * brought into one form first; each such case says why it is one.
 */
import assert from 'node:assert/strict';
import type { JudgedDaemon, JudgedLog, JudgedProcess, Verdict } from './judge.ts';
import type { Ours } from './ours.ts';

/** Fails where the two do not agree about a file. */
export function assertAlike(supervisor: Verdict, agent: Ours, text: string): void {
  if ('refused' in supervisor || 'refused' in agent) {
    const said = [supervisor, agent].map((one) => ('refused' in one ? one.refused : 'accepted'));
    const isAlike = 'refused' in supervisor && 'refused' in agent;
    assert.ok(isAlike, `Supervisor: ${said[0]}\nthe agent: ${said[1]}\n${text}`);
    return;
  }
  const umaskIsWritten = /^\s*\[supervisord\][^[]*^umask/m.test(text);
  const daemonUmask = umaskIsWritten ? supervisor.daemon.umask : null;
  const theirs = supervisor.processes
    // The other kinds of sections come later.
    .filter(({ section }) => section.startsWith('program:'))
    .map((process) => inOneForm(process, supervisor.daemon, daemonUmask));
  try {
    assert.deepEqual(agent.processes, theirs);
    assert.deepEqual(daemonOf(agent, supervisor.daemon), daemonInOneForm(supervisor.daemon));
  } catch (difference) {
    throw new Error(`this file means something else to the agent:\n${text}`, { cause: difference });
  }
}

function inOneForm(
  found: JudgedProcess & { readonly section: string },
  daemon: JudgedDaemon,
  daemonUmask: number | null,
): JudgedProcess {
  const { section: _, ...process } = found;
  const stderr = logInOneForm(process.stderr);
  return {
    ...process,
    // Nothing is switched for whoever the daemon runs as.
    uid: process.uid === (daemon.uid ?? 0) ? null : process.uid,
    // Where it goes to the background, children inherit it; here it counts in the foreground too.
    umask: process.umask ?? daemonUmask,
    // They are compared with what is never below zero.
    startsecs: Math.max(0, process.startsecs),
    startretries: Math.max(0, process.startretries),
    stopwaitsecs: Math.max(0, process.stopwaitsecs),
    stdout: logInOneForm(process.stdout),
    // There is no stderr to be sent anywhere.
    stderr: process.redirect_stderr ? { ...stderr, syslog: false } : stderr,
  };
}

const STANDARD: Readonly<Record<string, string>> = {
  '/dev/fd/1': '/dev/stdout',
  '/dev/fd/2': '/dev/stderr',
};

const logInOneForm = ({ file, syslog, maxBytes, backups }: JudgedLog): JudgedLog => ({
  file: file === null ? null : (STANDARD[file] ?? file),
  syslog,
  maxBytes: Math.max(0, maxBytes),
  backups: Math.max(0, backups),
});

/** loggers.py, `LevelsByName`; pino has one name for the two lowest. */
const LEVELS: Readonly<Record<string, readonly number[]>> = {
  fatal: [50],
  error: [40],
  warn: [30],
  info: [20],
  debug: [10],
  trace: [5, 3],
};

/** Where Supervisor writes although nobody asked for it, and what is on the agent's stderr anyway. */
const NO_FILE = /\/work\/supervisord\.(?:log|pid)$|^\/dev\/(?:null|stderr|fd\/2)$/;
const asked = (path: string): string | null => (NO_FILE.test(path) ? null : path);

function daemonInOneForm(daemon: JudgedDaemon) {
  const logFile = asked(daemon.logfile);
  return {
    uid: daemon.uid === 0 ? null : daemon.uid,
    minFds: daemon.minfds,
    minProcs: daemon.minprocs,
    stripAnsi: daemon.stripAnsi,
    logFile,
    logLevel: daemon.loglevel,
    // A pipe is never rotated here; Supervisor fails where somebody asks for it.
    logMaxBytes: logFile === null || logFile.startsWith('/dev/') ? 0 : daemon.logfileMaxBytes,
    logBackups: daemon.logfileBackups,
    pidFile: asked(daemon.pidfile),
    // Without it, AUTO logs are in the agent's own directory, not in a temporary one.
    logDir: daemon.childlogdir === '/tmp' ? '/var/lib/fleetvisor/agent/log' : daemon.childlogdir,
  };
}

function daemonOf(
  { config }: Exclude<Ours, { readonly refused: string }>,
  { loglevel, stripAnsi }: JudgedDaemon,
) {
  const { runAs, minFds, minProcs, mainLog, pidFile, logDir } = config.agent;
  const levels = LEVELS[mainLog.level ?? 'info'] ?? [];
  return {
    uid: runAs?.uid ?? null,
    minFds,
    minProcs,
    stripAnsi: config.processes[0]?.stripAnsi ?? stripAnsi,
    logFile: mainLog.path,
    logLevel: levels.includes(loglevel) ? loglevel : levels[0],
    logMaxBytes: mainLog.path === null ? 0 : mainLog.maxBytes,
    logBackups: mainLog.backups,
    pidFile,
    logDir,
  };
}
