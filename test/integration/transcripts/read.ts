/**
 * A transcript is a text that a person can read and a machine can check: a fleet, then commands
 * with what they print.
 *
 *   # a remark
 *   -- controller --               further lines of controller.conf
 *   -- operator bob --             his section in it, where it has lines; he has a certificate, and
 *                                  `fleetctl --config operator-bob.fleetctl` is he
 *   -- agent web-1 web-2 --        further lines of these hosts' agent.conf
 *   -- file NAME --                a file in the folder in which the commands run
 *   --                             ends the last of these
 *   $ fleetctl status web          a command for sh …
 *   % fleetctl restart all         … that tells what happens at the same time: rows that stand next
 *                                  to one another are in an order of their own, so they are sorted
 *   web-1   web   RUNNING          … what it prints to stdout
 *   ! error: no such host          … to stderr
 *   ? 6                            … its exit code, where it is not 0
 *   |                              an empty line of it, or one that would mean something else here
 *   > wait web-1 web RUNNING       something that happens to the fleet: see `happen`
 */

export interface Transcript {
  /** As it is written, to be kept when the transcript is written anew. */
  readonly heading: string;
  readonly controller: string;
  readonly agents: ReadonlyMap<string, string>;
  readonly operators: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly kind: 'remark'; readonly line: string }
  | { readonly kind: 'happening'; readonly words: readonly string[] }
  | Command;

export interface Command {
  readonly kind: 'command';
  readonly command: string;
  /** Whether rows next to one another may come in any order. */
  readonly isUnordered: boolean;
  readonly expected: readonly string[];
}

/** Everything up to the first step is the heading. */
export function readTranscript(text: string): Transcript {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^[$%>] /.test(line));
  if (!lines.some((line) => /^[$%] /.test(line))) {
    throw new Error('a transcript without a command proves nothing');
  }
  const heading = lines.slice(0, first).join('\n');
  return { heading, ...readHeading(lines.slice(0, first)), steps: readSteps(lines.slice(first)) };
}

function readHeading(lines: readonly string[]): Omit<Transcript, 'heading' | 'steps'> {
  const agents = new Map<string, string>();
  const operators = new Map<string, string>();
  const files = new Map<string, string>();
  const controller: string[] = [];
  let add: (line: string) => void = () => undefined;
  for (const line of lines) {
    const [, what = '', names = ''] = /^-- *(\w*) *(.*?) *-*$/.exec(line) ?? [];
    if (!line.startsWith('--')) add(line);
    else if (what === 'controller') add = (more) => void controller.push(more);
    else if (what === 'agent') add = appender(agents, names.split(' '));
    else if (what === 'operator') add = appender(operators, names.split(' '));
    else if (what === 'file') add = appender(files, [names]);
    else if (what === '') add = () => undefined;
    else throw new Error(`"${line}" is no part of a transcript`);
  }
  return { controller: controller.join('\n'), agents, operators, files };
}

/** Each of these is there, also if no line follows. */
function appender(texts: Map<string, string>, names: readonly string[]): (line: string) => void {
  for (const name of names) texts.set(name, texts.get(name) ?? '');
  return (line) => {
    for (const name of names) texts.set(name, `${texts.get(name)}${line}\n`);
  };
}

function readSteps(lines: readonly string[]): readonly Step[] {
  const steps: Step[] = [];
  for (const line of lines) {
    const last = steps.at(-1);
    const rest = line.slice(2);
    if (/^[$%] /.test(line)) {
      const isUnordered = line.startsWith('%');
      steps.push({ kind: 'command', command: rest, isUnordered, expected: [] });
    } else if (line.startsWith('> ')) {
      steps.push({ kind: 'happening', words: rest.split(' ') });
    } else if (line === '' || line.startsWith('#')) {
      steps.push({ kind: 'remark', line });
    } else if (last?.kind === 'command') {
      steps.splice(-1, 1, { ...last, expected: [...last.expected, line] });
    } else {
      // It would be expected of nobody, and so be "as expected" for ever.
      throw new Error(`"${line}" does not follow a command`);
    }
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
      return [step.line];
    case 'happening':
      return [`> ${step.words.join(' ')}`];
    case 'command':
      return [`${step.isUnordered ? '%' : '$'} ${step.command}`, ...step.expected];
  }
}
