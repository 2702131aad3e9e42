import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** In PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority of the test's own. */
export interface Authority {
  readonly folder: string;
  readonly ca: string;
  /** `names` as OpenSSL writes them: `DNS:localhost,IP:127.0.0.1`. */
  issue(names: string, days?: number): Promise<Certificate>;
  /** Not issued by it, nor by anybody. */
  selfSigned(names: string): Promise<Certificate>;
}

const run = promisify(execFile);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes an authority with the openssl of the machine; its files go when the test ends, or the file of tests with `node:test`'s own `after`. */
export async function createAuthority({ after }: { after(task: () => Promise<void>): void }): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'llm-exporter-authority-'));
  after(() => rm(folder, { recursive: true }));
  const openssl = (...args: readonly string[]): Promise<unknown> => run('openssl', args, { cwd: folder });
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  const selfSign = (name: string, ...more: readonly string[]): Promise<unknown> =>
    openssl('req', '-x509', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', ...more);
  await selfSign('ca', '-subj', '/CN=Test Authority');
  let count = 0;
  return {
    folder,
    ca: await read('ca.pem'),
    async issue(names, days = 2) {
      count += 1;
      const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((kind) => `${count}.${kind}`) as [
        string,
        string,
        string,
        string,
      ];
      await writeFile(join(folder, extensions), `subjectAltName=${names}\n`);
      await openssl('req', '-new', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=test ${count}`);
      const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
      await openssl(
        'x509',
        '-req',
        '-in',
        request,
        ...signer,
        '-days',
        String(days),
        '-extfile',
        extensions,
        '-out',
        cert,
      );
      return { cert: await read(cert), key: await read(key) };
    },
    async selfSigned(names) {
      count += 1;
      await selfSign(String(count), '-subj', '/CN=test', '-addext', `subjectAltName=${names}`);
      return { cert: await read(`${count}.pem`), key: await read(`${count}.key`) };
    },
  };
}
