// Runs each test file in a process of its own, in the order in which they are given, which
// `node --test` would change.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const files = process.argv.slice(2).map((file) => resolve(file));
// They wait for programs a third of their time.
run({ files, concurrency: availableParallelism() + 1 })
  .on('test:fail', () => {
    process.exitCode = 1;
  })
  .compose(new spec())
  .pipe(process.stdout);
