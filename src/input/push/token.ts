import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Whether a request may push. `unknown`: the token file cannot be read, so nobody can tell. */
export type Admission = 'admitted' | 'no_token' | 'wrong_token' | 'unknown';

/** All that the file holds, but for the white space around it. Throws Node's error, or one that says that it is empty. */
async function readToken(file: string): Promise<string> {
  const token = (await readFile(file, 'utf8')).trim();
  if (token === '') throw new Error('it is empty');
  return token;
}

/**
 * Compares the token of an `Authorization` header (RFC 6750) with the one in a file. The file is read for each request, so that a token is
 * changed by writing the file (Kubernetes swaps a symbolic link): to ask whether it has changed would cost as much.
 */
export async function checkToken(file: string, authorization: string | undefined): Promise<Admission> {
  const shown = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (shown === undefined) return 'no_token';
  const expected = await readToken(file).catch(() => undefined);
  if (expected === undefined) return 'unknown';
  // Digests are of one length, so the comparison takes the same time whatever was shown.
  return timingSafeEqual(digest(shown), digest(expected)) ? 'admitted' : 'wrong_token';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
