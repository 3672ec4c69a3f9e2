/**
 * A transcript is a text that a person can read and a machine can check: a fleet, then commands
 * with what they print.
 *
 *   # a remark
 *   -- controller --               further lines of controller.conf
 *   -- agent web-1 web-2 --        further lines of these hosts' agent.conf
 *   -- file NAME --                a file in the folder in which the commands run
 *   --                             ends the last of these
 *   $ fleetctl status web          a command for sh …
 *   web-1   web   RUNNING          … what it prints to stdout
 *   ! error: no such host          … to stderr
 *   ? 6                            … its exit code, where it is not 0
 *   |                              an empty line of it, or one that would mean something else here
 *   > wait web-1 web RUNNING       something that happens to the fleet: see `happenings`
 */

export interface Transcript {
  readonly controller: string;
  readonly agents: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly kind: 'remark'; readonly lines: readonly string[] }
  | { readonly kind: 'happening'; readonly words: readonly string[] }
  | { readonly kind: 'command'; readonly command: string; readonly expected: readonly string[] };

/** Everything up to the first `$` or `>` is the heading, kept as it is when a transcript is rewritten. */
export function readTranscript(text: string): Transcript & { readonly heading: string } {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^[$>] /.test(line));
  if (first < 0) throw new Error('a transcript without a command proves nothing');
  const heading = lines.slice(0, first).join('\n');
  return { heading, ...readHeading(lines.slice(0, first)), steps: readSteps(lines.slice(first)) };
}

function readHeading(lines: readonly string[]): Omit<Transcript, 'steps'> {
  const agents = new Map<string, string>();
  const files = new Map<string, string>();
  const controller: string[] = [];
  let add: (line: string) => void = () => undefined;
  for (const line of lines) {
    const [, what = '', names = ''] = /^-- *(\w*) *(.*?) *-*$/.exec(line) ?? [];
    if (!line.startsWith('--')) add(line);
    else if (what === 'controller') add = (more) => void controller.push(more);
    else if (what === 'agent') add = (more) => appendToEach(agents, names.split(' '), more);
    else if (what === 'file') add = (more) => appendToEach(files, [names], more);
    else if (what === '') add = () => undefined;
    else throw new Error(`"${line}" is no part of a transcript`);
  }
  return { controller: controller.join('\n'), agents, files };
}

function appendToEach(texts: Map<string, string>, names: readonly string[], line: string): void {
  for (const name of names) texts.set(name, `${texts.get(name) ?? ''}${line}\n`);
}

function readSteps(lines: readonly string[]): readonly Step[] {
  const steps: Step[] = [];
  for (const line of lines) {
    const last = steps.at(-1);
    if (line.startsWith('$ '))
      steps.push({ kind: 'command', command: line.slice(2), expected: [] });
    else if (line.startsWith('> '))
      steps.push({ kind: 'happening', words: line.slice(2).split(' ') });
    else if (last?.kind === 'command' && !/^(#.*)?$/.test(line)) {
      steps.splice(-1, 1, { ...last, expected: [...last.expected, line] });
    } else if (last?.kind === 'remark') {
      steps.splice(-1, 1, { ...last, lines: [...last.lines, line] });
    } else steps.push({ kind: 'remark', lines: [line] });
  }
  return steps;
}

/** The text of a transcript, with other expectations. */
export function writeTranscript(heading: string, steps: readonly Step[]): string {
  return [heading, ...steps.flatMap(linesOf)].join('\n');
}

function linesOf(step: Step): readonly string[] {
  switch (step.kind) {
    case 'remark':
      return step.lines;
    case 'happening':
      return [`> ${step.words.join(' ')}`];
    case 'command':
      return [`$ ${step.command}`, ...step.expected];
  }
}
