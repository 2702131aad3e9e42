import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';

/** In PEM; without `ca` those that Node ships and the system's are trusted, with it only these. */
export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;

let ordinaryContext: SecureContext | undefined;

/**
 * Begins TLS on connected sockets as a client of `host`. Its name is checked, and sent where it is one; sessions are resumed. Throws
 * Node's error for a certificate, key or authority that it cannot read.
 */
export function createTlsClient(host: string, options: TlsOptions): (socket: Duplex) => TLSSocket {
  const secureContext = contextOf(options);
  let session: Buffer | undefined;
  return (socket) => {
    const secure = connect({
      ...{ socket, host, secureContext, ALPNProtocols: ['http/1.1'], allowHalfOpen: true },
      // SNI carries names, no addresses (RFC 6066 section 3).
      ...(isIP(host) === 0 && { servername: host }),
      ...(session && { session }),
    });
    return secure.on('session', (ticket) => {
      session = ticket;
    });
  };
}

/** Reading some three hundred authorities takes a fifth of a second: once for all who ask for nothing else, and never per connection. */
function contextOf({ ca, cert, key }: TlsOptions): SecureContext {
  if (ca !== undefined) checkAuthorities(ca);
  if (ca !== undefined || cert !== undefined || key !== undefined)
    return createSecureContext({ ca: ca ?? trusted(), cert, key });
  ordinaryContext ??= createSecureContext({ ca: trusted() });
  return ordinaryContext;
}

/** A company's own authority is installed in the system, and Node does not look there by itself. */
function trusted(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

/** Node passes over what it cannot read in `ca`, and then trusts nobody. */
function checkAuthorities(ca: NonNullable<TlsOptions['ca']>): void {
  for (const given of Array.isArray(ca) ? ca : [ca]) {
    const certificates = given.toString().match(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END/g) ?? [];
    if (certificates.length === 0) throw new Error('the file of authorities holds no certificate in PEM');
    for (const certificate of certificates) new X509Certificate(`${certificate} CERTIFICATE-----\n`);
  }
}
