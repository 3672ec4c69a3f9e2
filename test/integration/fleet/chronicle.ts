/**
 * Programs that write down what happens to them, all of them in one file, and that a test can hold
 * at any such moment. What came before what is the order of the lines, so no clock is asked, and a
 * program that is slow is one that the test has not let go yet.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import type { Fleet } from './harness.ts';

/** `told`: it got its SIGTERM; `gone`: the last that it did; `started`: the first. */
export type Moment = 'told' | 'gone' | 'started';

export interface Entry {
  readonly moment: Moment;
  readonly host: string;
  readonly process: string;
}

/**
 * A line is appended with one write, so lines of several programs do not mix. An agent that is
 * killed leaves a successor that sends the signal again: once told, nobody listens any more.
 */
const SCRIPT = `say() {
  echo "$1 $HOST $NAME" >> "$CHRONICLE"
  while test -e "$CHRONICLE.$1.$HOST.$NAME" || frozen; do sleep 0.02; done
}
frozen() {
  test -e "$CHRONICLE.frozen" &&
    test "$(wc -l < "$CHRONICLE")" -ge "$(cat "$CHRONICLE.frozen")" 2> /dev/null
}
trap 'trap "" TERM; say told; kill $!; say gone; exit 0' TERM
say started
test ! -e "$CHRONICLE.broken.$HOST.$NAME" || exit 3
while :; do sleep 1000 & wait $!; done
`;

export class Chronicle {
  readonly #fleet: Fleet;
  readonly #script: string;
  readonly #name: string;
  readonly #places = new Set<string>();
  #from = 0;

  constructor(fleet: Fleet, name = 'chronicle') {
    this.#fleet = fleet;
    this.#name = name;
    this.#script = fleet.script(`${name}r`, SCRIPT);
  }

  /** A section of an agent's configuration. @param settings further lines, such as `priority = 1` */
  program(host: string, process: string, ...settings: readonly string[]): string {
    const path = this.#fleet.path(this.#name);
    if (!settings.includes('autostart = false')) this.#places.add(placeOf({ host, process }));
    return `[program:${process}]
command = ${this.#script}
environment = HOST="${host}",NAME="${process}",CHRONICLE="${path}"
${settings.join('\n')}
`;
  }

  /** What has been written since `begin`. */
  entries(): readonly Entry[] {
    return this.#lines().slice(this.#from);
  }

  /**
   * Waits until everybody that starts by itself has written last that it started: with `startsecs = 0` a program runs
   * before it has, and one that is told to end as early as that leaves no line.
   */
  async allUp(): Promise<void> {
    await this.#fleet.until('all have written that they started', () => {
      const lastOf = new Map(this.#lines().map((entry) => [placeOf(entry), entry.moment]));
      return [...this.#places].every((place) => lastOf.get(place) === 'started');
    });
  }

  /** Forgets what has been written so far. */
  begin(): void {
    this.#from = this.#lines().length;
  }

  /** Where in the order a moment comes; it must have come exactly once. */
  at(moment: Moment, host: string, process: string): number {
    const entries = this.entries();
    const positions = entries.flatMap((entry, position) =>
      is(entry, moment, host, process) ? [position] : [],
    );
    assert.equal(positions.length, 1, `${moment} ${host} ${process} in ${describe(entries)}`);
    return positions[0] ?? 0;
  }

  has(moment: Moment, host: string, process: string): boolean {
    return this.entries().some((entry) => is(entry, moment, host, process));
  }

  count(moment: Moment): number {
    return this.entries().filter((entry) => entry.moment === moment).length;
  }

  /** Until it is let go, whoever comes to this moment stays there. */
  hold(moment: Moment, host: string, process: string): Disposable {
    return this.#file(`${moment}.${host}.${process}`);
  }

  /** Until they are let go, whoever writes this line (1: the next) or a later one stays there. */
  freezeAt(line: number): Disposable {
    return this.#file('frozen', `${this.#lines().length + line}`);
  }

  /** Until it is mended, every start ends with exit status 3. */
  breakStart(host: string, process: string): Disposable {
    return this.#file(`broken.${host}.${process}`);
  }

  /** Of every such moment on each of these, the last comes before the first of the others. */
  assertAllBefore(earlier: Iterable<number>, later: Iterable<number>, what: string): void {
    assert.ok(Math.max(...earlier) < Math.min(...later), `${what}: ${describe(this.entries())}`);
  }

  #lines(): readonly Entry[] {
    return this.#fleet.lines(this.#name).map((line) => {
      const [moment = '', host = '', process = ''] = line.split(' ');
      return { moment: moment as Moment, host, process };
    });
  }

  #file(suffix: string, text = ''): Disposable {
    const path = this.#fleet.path(`${this.#name}.${suffix}`);
    writeFileSync(path, text);
    return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
  }
}

const placeOf = ({ host, process }: Omit<Entry, 'moment'>): string => `${host} ${process}`;

function is(entry: Entry, moment: Moment, host: string, process: string): boolean {
  return entry.moment === moment && entry.host === host && entry.process === process;
}

function describe(entries: readonly Entry[]): string {
  return `\n${entries.map(({ moment, host, process }) => `  ${moment} ${host} ${process}`).join('\n')}`;
}
