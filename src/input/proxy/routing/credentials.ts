import { KEY_HEADERS } from '../../../provider/headers/credentials.ts';

/**
 * What a call takes along of what a client proves itself with: everything; everything beside a key, which it has none of; its key, but nothing
 * that is about a host; nothing.
 */
export type Carried = 'all' | 'beside_key' | 'key' | 'none';

/** A session with one host (RFC 6265 section 8.5), and a login at one proxy (RFC 9110 section 11.7.2). */
const OF_A_HOST = ['cookie', 'cookie2', 'proxy-authorization'] as const;

/**
 * What belongs to a key and is wrong beside another: whose account it is (https://platform.openai.com/docs/api-reference/authentication),
 * the session of a signed request (AWS), the subscription in front of Azure's APIs, the keys of gateways (Kong, Helicone) and whom Google bills.
 */
const BESIDE_A_KEY = [
  'openai-organization',
  'openai-project',
  'x-amz-security-token',
  'ocp-apim-subscription-key',
  'apikey',
  'x-auth-token',
  'x-access-token',
  'helicone-auth',
  'x-goog-user-project',
] as const;

/** The headers that stay behind, in lower case. */
export const NOT_CARRIED: Readonly<Record<Carried, readonly string[]>> = {
  all: [],
  // An empty one may stand there.
  beside_key: KEY_HEADERS,
  key: OF_A_HOST,
  none: [...KEY_HEADERS, ...OF_A_HOST, ...BESIDE_A_KEY],
};

/** Gemini takes its key as `key`, other Google APIs a token as `access_token` (RFC 6750 section 2.3); gateways use the other two. */
const KEY_PARAMETERS: ReadonlySet<string> = new Set(['key', 'api_key', 'api-key', 'access_token']);

/** A path with its query but for the parameters that are keys; every other one stays byte for byte where it is. */
export function withoutKeys(path: string): string {
  const at = path.indexOf('?');
  if (at === -1) return path;
  const all = path.slice(at + 1).split('&');
  const kept = all.filter((parameter) => !KEY_PARAMETERS.has(nameOf(parameter)));
  if (kept.length === all.length) return path;
  return kept.length === 0 ? path.slice(0, at) : `${path.slice(0, at)}?${kept.join('&')}`;
}

function nameOf(parameter: string): string {
  const [name = ''] = parameter.split('=', 1);
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    // A stray percent sign: no name of ours.
    return name;
  }
}
