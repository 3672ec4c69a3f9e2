/** Where one bench works: a directory and its daemons. Nothing of either is left behind. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemons } from './daemons.ts';

export class Workplace implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'fleetvisor-bench-'));
  readonly daemons = new Daemons();

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemons[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
