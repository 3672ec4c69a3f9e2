/**
 * The transcripts of `test/scripts/`: what people type and what they are told, by the real programs.
 * `TRANSCRIPTS=write` writes down what is printed now, to be read before it is committed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readTranscript, writeTranscript } from './transcripts/read.ts';
import { runTranscript } from './transcripts/run.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'scripts');
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));
assert.ok(names.length > 0, 'no transcripts');

for (const name of names.sort()) {
  test(`transcript ${name}`, async () => {
    const file = join(folder, name);
    const text = readFileSync(file, 'utf8');
    const transcript = readTranscript(text);
    const went = writeTranscript(transcript.heading, await runTranscript(transcript));
    if (process.env['TRANSCRIPTS'] === 'write') writeFileSync(file, went);
    else assert.equal(went, text);
  });
}
