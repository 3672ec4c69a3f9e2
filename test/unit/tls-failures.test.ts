/** Real messages, as Node 20 and grpc-js 1.14.7 gave them, and what people are told instead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainRefusedClient, explainTlsFailure } from '../../proto/tls-failures.ts';

const last = (message: string): string =>
  `14 UNAVAILABLE: No connection established. Last error: ${message}. Resolution note: `;
const alert = (text: string, number: number): string =>
  last(
    `80DC6730F47F0000:error:0A00045C:SSL routines:ssl3_read_bytes:${text}:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1601:SSL alert number ${number}\n`,
  );

const EXPLAINED: readonly (readonly [string, RegExp])[] = [
  [
    last(
      'Error: the controller\'s certificate does not cover "localhost", only DNS:x.example, IP:10.0.0.1',
    ),
    /^the controller's certificate does not cover "localhost", only DNS:x\.example, IP:10\.0\.0\.1$/,
  ],
  [
    last("Error: Hostname/IP does not match certificate's altnames: Host: x. is not cert's CN"),
    /not issued for the host name/,
  ],
  [
    last('Error: the server is agent "web-1" of fleet "prod", not a controller'),
    /no controller of this fleet/,
  ],
  [last('Error: the server has no certificate of a controller: …'), /no controller of this fleet/],
  [last('Error: self-signed certificate in certificate chain'), /another authority/],
  [last('Error: self signed certificate'), /another authority/],
  [last('Error: unable to verify the first certificate'), /another authority/],
  [last('Error: unable to get local issuer certificate'), /another authority/],
  [last('Error: certificate signature failure'), /another authority/],
  [last('Error: certificate has expired'), /controller's certificate has expired/],
  [last('Error: certificate is not yet valid'), /a clock is wrong/],
  [last('Error: unsuitable certificate purpose'), /which may not serve/],
  [alert('tlsv13 alert certificate required', 116), /none was shown/],
  [alert('tlsv1 alert unknown ca', 48), /does not know the authority/],
  [alert('sslv3 alert certificate expired', 45), /shown here has expired/],
  [alert('sslv3 alert bad certificate', 42), /refused the certificate shown here/],
  [alert('sslv3 alert certificate unknown', 46), /refused the certificate shown here/],
  [alert('tlsv1 alert protocol version', 70), /older TLS than 1\.3/],
  [alert('tlsv1 alert no application protocol', 120), /does not speak our protocol/],
  [
    last('Error: 80DC:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:350:'),
    /does not speak our protocol/,
  ],
  [last('Error: connect ECONNREFUSED 127.0.0.1:7460'), /nothing listens/],
  [last('Error: the server accepts connections but is silent'), /^something .* says nothing: /],
  [
    '14 UNAVAILABLE: Name resolution failed for target dns:nowhere.invalid:7460',
    /could not be resolved/,
  ],
  [
    '4 DEADLINE_EXCEEDED: Deadline exceeded after 4.000s,name resolution: 0.001s,Waiting for LB pick',
    /no answer came/,
  ],
  [last('Error: connect ETIMEDOUT 10.0.0.7:7460'), /no answer came/],
  [last('Failed to connect (2026-11-22T11:38:27.390Z)'), /ended the connection without a word/],
  [last('Error: read ECONNRESET'), /ended the connection without a word/],
  [
    last('Error: Client network socket disconnected before secure TLS connection was established'),
    /ended the connection without a word/,
  ],
];

for (const [message, cause] of EXPLAINED) {
  test(`"${message
    .slice(message.indexOf('error: ') + 7)
    .trim()
    .slice(0, 90)}" is explained`, () => {
    const explanation = explainTlsFailure(message);
    assert.match(explanation?.cause ?? '', cause);
    assert.ok((explanation?.fix ?? '').length > 20);
  });
}

test('a failure that has nothing to do with the connection is not explained away', () => {
  for (const message of [
    '',
    '5 NOT_FOUND: no such operation',
    '4 DEADLINE_EXCEEDED: Deadline exceeded',
  ]) {
    assert.equal(explainTlsFailure(message), null);
  }
});

test('a server can say why it refused a client', () => {
  const hangUp = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  assert.match(explainRefusedClient(hangUp, 'CERT_HAS_EXPIRED'), /has expired/);
  assert.match(
    explainRefusedClient(hangUp, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    /another authority/,
  );
  assert.match(explainRefusedClient(hangUp, null), /left during the handshake/);
  const bare = Object.assign(new Error('…'), { code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' });
  assert.match(explainRefusedClient(bare, undefined), /showed no certificate/);
  assert.match(explainRefusedClient(new Error('odd\n'), null), /the handshake failed: odd$/);
});
