/**
 * Real programs that stop when a test lets them, and start as slowly as their `startsecs` says: so a
 * test can look at a moment for as long as it likes, and nobody has to be quick.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Fleet } from '../fleet/harness.ts';

export class HeldPrograms {
  readonly #fleet: Fleet;
  readonly #script: string;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#script = fleet.script(
      'held-program',
      `say() { echo "$PROGRAM on $HOST: $*"; }
trap 'say asked to stop; while [ -e "$SWITCHES/$HOST.held" ]; do sleep 0.05; done; kill $!; exit 0' TERM
say reading /etc/$PROGRAM.conf
if [ -e "$SWITCHES/$HOST.broken" ]; then
  echo 'error: cannot bind 0.0.0.0:8080: address already in use' >&2
  exit 1
fi
sleep 1000 & wait $!
`,
    );
  }

  /** The section of a program that takes a second to start and any time to stop. */
  section(host: string, program: string, more = ''): string {
    const { folder } = this.#fleet;
    return `[program:${program}]
command = ${this.#script}
environment = PROGRAM="${program}",HOST="${host}",SWITCHES="${folder}"
redirect_stderr = true
startsecs = 1
stopwaitsecs = 60
${more}`;
  }

  /** On these hosts programs do not stop until they are let go. */
  hold(...hosts: readonly string[]): void {
    for (const host of hosts) this.#switch(host, 'held', true);
  }

  letGo(...hosts: readonly string[]): void {
    for (const host of hosts) this.#switch(host, 'held', false);
  }

  /** On this host programs cannot start. */
  break(host: string): void {
    this.#switch(host, 'broken', true);
  }

  mend(host: string): void {
    this.#switch(host, 'broken', false);
  }

  #switch(host: string, what: 'held' | 'broken', isOn: boolean): void {
    const file = this.#fleet.path(`${host}.${what}`);
    if (isOn) writeFileSync(file, '');
    else if (existsSync(file)) rmSync(file);
  }
}
