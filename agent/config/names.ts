/**
 * No two groups and no two processes may have one name: Supervisor lets the later replace the
 * earlier, which nobody means. And names end somewhere.
 */
import type { IniSection } from '../../proto/dialect/ini.ts';
import { type Place, quoted } from '../../proto/dialect/problem.ts';
import { subjectOf } from '../../proto/dialect/settings.ts';
import { NAME_LENGTH_MAX } from '../../proto/text-limits.ts';
import { type ProcessName, processName } from '../../proto/vocabulary.ts';
import type { Program } from './program.ts';
import type { ProgramContext } from './program-table.ts';

export interface Group {
  readonly name: string;
  readonly section: IniSection;
  readonly members: readonly Member[];
}

interface Member extends Program {
  readonly program: string;
}

export function checkNames(
  groups: readonly Group[],
  { context: { findings } }: ProgramContext,
): void {
  const groupSections = new Map<string, IniSection>();
  const processes = new Set<ProcessName>();
  for (const { name: group, section, members } of groups) {
    const subject = subjectOf(section, null);
    const other = groupSections.get(group);
    if (other !== undefined) {
      const message = `a second group of the name ${quoted(group)}, after ${placeText(other.place)}`;
      const hint = `rename one, or add the program to the programs of [${other.name}]`;
      findings.error(subject, message, hint);
    }
    groupSections.set(group, other ?? section);
    for (const { program, names } of members) {
      const own = names.map((name) => processName(group, name));
      for (const process of own) {
        if (processes.has(process) && other === undefined) {
          findings.error(subject, `two processes are named ${quoted(process)}`);
        }
        processes.add(process);
      }
      const tooLong = lengthMistake(program, own);
      if (tooLong !== null) findings.error(subject, tooLong);
    }
  }
}

/** The agent keeps a file for each process, and file systems end at 255 bytes for its name. */
const NAME_MAX_BYTES = 200;

function lengthMistake(program: string, processes: readonly ProcessName[]): string | null {
  if (processes.some((process) => Buffer.byteLength(process) > NAME_MAX_BYTES)) {
    return `a process name is longer than ${NAME_MAX_BYTES} bytes`;
  }
  if (program.length <= NAME_LENGTH_MAX) return null;
  const message = `the name of a program is longer than ${NAME_LENGTH_MAX} characters`;
  return `${message}: ${quoted(program.slice(0, 20))}…`;
}

export const placeText = ({ source, line }: Place): string => `${source.file}:${line}`;
