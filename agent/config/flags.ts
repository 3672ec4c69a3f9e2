/**
 * supervisord's flags (options.py): units and init scripts pass them. Each stands for the setting of
 * that name in `[supervisord]`, and counts in place of what the files say there: it is laid over
 * them as one more entry, so that it is read, judged and told as they are.
 */
import type { GivenSetting, SettingFlag } from '../../proto/daemon/arguments.ts';
import type { IniDocument, IniEntry } from '../../proto/dialect/ini.ts';

export const SETTING_FLAGS: readonly SettingFlag[] = [
  { flags: '-u, --user <user>', summary: 'go on as this user' },
  { flags: '-m, --umask <octal>', summary: 'umask of programs' },
  { flags: '-d, --directory <dir>', summary: 'must be there; no effect in the foreground' },
  { flags: '-l, --logfile <file>', summary: 'log to this file, besides stderr' },
  { flags: '-y, --logfile_maxbytes <size>', summary: 'rotate it at this size' },
  { flags: '-z, --logfile_backups <number>', summary: 'keep so many old ones' },
  { flags: '-e, --loglevel <level>', summary: 'critical, error, warn, info, debug or trace' },
  { flags: '-j, --pidfile <file>', summary: 'write the process id to this file' },
  { flags: '-i, --identifier <name>', summary: 'no effect' },
  { flags: '-q, --childlogdir <dir>', summary: 'logs of programs that name no file' },
  { flags: '-a, --minfds <number>', summary: 'descriptors that a program can open' },
  { flags: '--minprocs <number>', summary: 'processes that the user can have' },
  { flags: '-t, --strip_ansi', summary: 'no terminal codes in logs of programs' },
  { flags: '-k, --nocleanup', summary: 'no effect: logs are kept' },
  { flags: '-s, --silent', summary: 'no effect: stderr is the log' },
  { flags: '--profile_options <list>', summary: 'no effect' },
];

export type GivenSettings = ReadonlyMap<string, GivenSetting>;

export const NOTHING_GIVEN: GivenSettings = new Map();

/** @param directory in which the command line was written, absolute */
export function layOver(
  document: IniDocument,
  given: GivenSettings,
  directory: string,
): IniDocument {
  const isForAgent = document.sections.has('supervisord') || document.sections.has('agent');
  // A file that is about something else does not become the agent's because of a flag.
  if (given.size === 0 || !isForAgent) return document;
  const entries = [...given].map(([key, { flag, value }]): [string, IniEntry] => {
    const place = { source: { file: `command line, ${flag}`, directory }, line: 0 };
    // A shell expands what it wants expanded; Supervisor leaves these as they are, too.
    return [key, { key, value: value.replaceAll('%', '%%'), place }];
  });
  const section = document.sections.get('supervisord') ?? {
    name: 'supervisord',
    place: { source: document.source, line: 0 },
    entries: new Map<string, IniEntry>(),
    settledDefaults: new Map<string, IniEntry>(),
  };
  const laid = { ...section, entries: new Map([...section.entries, ...entries]) };
  return { ...document, sections: new Map(document.sections).set('supervisord', laid) };
}
