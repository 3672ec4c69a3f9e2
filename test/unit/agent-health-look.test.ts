import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonOf } from '../../agent/adapters/health/look.ts';

test('what a connection failed with is told in few words', () => {
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:80');
  assert.equal(reasonOf(refused), 'connect ECONNREFUSED 127.0.0.1:80');
  assert.equal(reasonOf(new AggregateError([refused, new Error('other')])), refused.message);
  const noTls =
    'write EPROTO 80FCE90D587F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl3_record.c:350:\n';
  assert.equal(reasonOf(new Error(noTls)), 'SSL routines: wrong version number');
});
