/**
 * The transcripts of `test/scripts/`: what people type and what they are told, by the real programs.
 * `TRANSCRIPTS=write` writes down what is printed now, to be read before it is committed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readTranscript, writeTranscript } from './transcripts/read.ts';
import { runTranscript } from './transcripts/run.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'scripts');
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .sort()
  .map((name) => join(folder, name));

test('there are transcripts', () => assert.ok(files.length > 0));

/** Fleets wait more than they work. */
const AT_ONCE = availableParallelism() + 1;

describe('transcripts', { concurrency: AT_ONCE }, () => {
  for (const file of files) {
    test(basename(file), async () => {
      const text = readFileSync(file, 'utf8');
      const transcript = readTranscript(text);
      const went = writeTranscript(transcript.heading, await runTranscript(transcript));
      if (process.env['TRANSCRIPTS'] === 'write') writeFileSync(file, went);
      else assert.equal(went, text);
    });
  }
});
