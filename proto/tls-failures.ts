/**
 * What a failed connection means, in words for people. The texts come from OpenSSL, Node and
 * grpc-js, which report what happened on the wire, seldom why, and never what to do.
 */

export interface Explanation {
  readonly cause: string;
  readonly fix: string;
}

/** For the message of a client's failed connection; null if it tells nothing that we know. */
export function explainTlsFailure(message: string): Explanation | null {
  const row = CLIENT_FAILURES.find(({ signs }) => signs.test(message));
  if (row === undefined) return null;
  return { cause: COVERED_NAMES.exec(message)?.[0] ?? row.cause, fix: row.fix };
}

/**
 * Why a server's `tlsClientError` happened, for its log, since the client learns next to nothing.
 * `authorizationError` is that of the event's socket: after Node has refused a certificate the
 * error itself says only "socket hang up".
 */
export function explainRefusedClient(
  error: Error,
  authorizationError: Error | string | null | undefined,
): string {
  const code = String(authorizationError ?? ('code' in error ? error.code : ''));
  return REFUSED_CLIENTS[code] ?? `the handshake failed: ${error.message.trim()}`;
}

/** In our own words (proto/tls.ts): which name was dialled, and which are covered. */
const COVERED_NAMES =
  /the controller's certificate does not cover "[^"]*", only .*?(?=\. Resolution note|$)/;

interface ClientFailure extends Explanation {
  readonly signs: RegExp;
}

const OWN_CERTIFICATE_FIX =
  'read it with openssl x509 -noout -dates -ext subjectAltName -in CERT, and issue a new one with fleet-certs issue if it has ended; the log of the controller says what it refused';

/** The first row that fits counts, so the more telling signs stand first. */
const CLIENT_FAILURES: readonly ClientFailure[] = [
  // ── the client refused the server ─────────────────────────────────────────────────────────────
  {
    signs: /does not cover|ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/,
    cause:
      "the controller's certificate was not issued for the host name or address that was dialled",
    fix: 'dial one of the names that it covers, or issue it again with fleet-certs issue controller NAME --san DNS:…,IP:…',
  },
  {
    signs:
      /the server has no certificate of a controller|the server is (agent|operator|controller) "/,
    cause: 'something answers at this address that is no controller of this fleet',
    fix: 'check the address, and that ca, cert and key are those of the fleet that you mean',
  },
  {
    signs:
      /self[- ]signed certificate|unable to verify|unable to get (local )?issuer|certificate signature failure|UNABLE_TO_|SELF_SIGNED_CERT/,
    cause: 'the server has a certificate of another authority than the one trusted here',
    fix: 'use the ca.crt of the fleet that this controller belongs to, and check the address',
  },
  {
    signs: /certificate has expired|CERT_HAS_EXPIRED/,
    cause: "the controller's certificate has expired, or the clock of this machine is ahead",
    fix: 'issue a new one with fleet-certs issue controller, which a running controller takes up within a minute; compare the clocks with date -u',
  },
  {
    signs: /certificate is not yet valid|CERT_NOT_YET_VALID/,
    cause: "the controller's certificate begins in the future: a clock is wrong",
    fix: 'compare the clocks of this machine and of the one that issued the certificate with date -u',
  },
  {
    signs: /unsuitable certificate purpose|unsupported certificate purpose|INVALID_PURPOSE/,
    cause: "the server shows an agent's or operator's certificate, which may not serve",
    fix: 'give the controller a certificate made by fleet-certs issue controller, and check the address',
  },
  // ── the server refused the client, and said so (RFC 8446 §6.2) ────────────────────────────────
  {
    signs: /alert certificate required|alert number 116/,
    cause: 'the controller accepts only clients with a certificate, and none was shown',
    fix: 'set cert and key in the configuration; fleet-certs issue makes them',
  },
  {
    signs: /alert unknown ca|alert number 48/,
    cause: 'the controller does not know the authority that issued the certificate shown here',
    fix: 'issue cert and key in the directory whose ca.crt the controller has',
  },
  {
    signs: /alert certificate expired|alert number 45/,
    cause: 'the certificate shown here has expired, by the clock of the controller',
    fix: OWN_CERTIFICATE_FIX,
  },
  {
    signs:
      /alert (bad certificate|certificate unknown|unsupported certificate|certificate revoked|access denied|decrypt error)/,
    cause: 'the controller refused the certificate shown here',
    fix: OWN_CERTIFICATE_FIX,
  },
  {
    signs: /alert protocol version|unsupported protocol|alert number 70/,
    cause: 'the other side speaks an older TLS than 1.3, the only one allowed here',
    fix: 'check the address, and that no proxy ends TLS in between',
  },
  {
    signs:
      /wrong version number|packet length too long|http request|alert no application protocol/i,
    cause: 'what answers at this address does not speak our protocol: another service, or a proxy',
    fix: 'check host and port of the controller (its listen address, by default 7460)',
  },
  // ── no connection, or one that ended without a word ───────────────────────────────────────────
  {
    signs: /ECONNREFUSED/,
    cause:
      'nothing listens at this address: the controller is not running, or host or port are wrong',
    fix: 'check the address, and on its host that fleet-controller runs',
  },
  {
    // Ours, too (proto/tls.ts).
    signs: /the server accepts connections but is silent/,
    cause:
      'something at this address accepts connections and then says nothing: a controller that is stopped or overloaded, or another service',
    fix: 'check the address, and on its host that fleet-controller runs',
  },
  {
    signs: /Name resolution failed|ENOTFOUND|EAI_AGAIN/,
    cause: 'the host name of the controller could not be resolved',
    fix: 'check how it is spelled, and the DNS of this machine',
  },
  {
    signs: /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|Waiting for LB pick|before the deadline/,
    cause: 'no answer came from this address: its host is down, or a firewall drops the packets',
    fix: 'check the address, and that this machine may reach the port',
  },
  {
    signs: /Failed to connect|ECONNRESET|EPIPE|socket hang up|disconnected before secure TLS/,
    cause:
      'the other side ended the connection without a word, as a controller does that refuses the certificate shown here: it has expired, is of another fleet, or is not for an agent or operator',
    fix: OWN_CERTIFICATE_FIX,
  },
];

/** X509_V_ERR names as Node gives them, and OpenSSL's reasons. */
const REFUSED_CLIENTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate begins in the future: compare the clocks',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of another authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of another authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is of another authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of another authority',
  CERT_SIGNATURE_FAILURE: 'its certificate is of another authority of the same name',
  INVALID_PURPOSE: 'its certificate is not for clients: it needs one of an agent or operator',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it showed no certificate',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it offers only older versions of TLS than 1.3',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'it does not offer HTTP/2 (ALPN h2), which gRPC needs',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_HTTP_REQUEST: 'it speaks plain HTTP',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'it did not finish the handshake in time',
  ECONNRESET: 'it left during the handshake, as a client does that refuses our certificate',
};
