import { BlockList, isIP } from 'node:net';

/** A forward proxy between us and the upstream. */
export interface ProxyServer {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Of `Proxy-Authorization`; a secret. */
  readonly authorization: string | undefined;
}

/** The variables that curl, Go and Python read; all but the first also in capitals, which HTTP servers could be made to set. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for a URL: `https_proxy` or `http_proxy` by its scheme, else `all_proxy`, unless `no_proxy` lists the
 * host; small or capital letters. Names and addresses of this machine are always reached directly, as Go has it. Throws an Error that does
 * not quote the value, which may hold a password.
 */
export function proxyFor(url: URL, env: ProxyEnvironment): ProxyServer | undefined {
  const scheme = url.protocol.slice(0, -1);
  const name = [`${scheme}_proxy`, 'all_proxy'].find((candidate) => read(env, candidate) !== '');
  if (name === undefined || isExempt(url, read(env, 'no_proxy'))) return undefined;
  return parseProxy(name, read(env, name));
}

function read(env: ProxyEnvironment, name: string): string {
  return (env[name] || env[name.toUpperCase()] || '').trim();
}

/** `http://user:password@proxy.example:3128`; without a scheme http is meant. */
function parseProxy(name: string, value: string): ProxyServer {
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '')
    throw new Error(`${name} is no URL; right is http://proxy.example:3128`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`${name} names a ${url.protocol}// proxy; only http:// and https:// are understood`);
  const isTls = url.protocol === 'https:';
  const login = `${decode(url.username)}:${decode(url.password)}`;
  return {
    host: bare(url.hostname),
    port: Number(url.port || (isTls ? 443 : 80)),
    isTls,
    authorization: login === ':' ? undefined : `Basic ${Buffer.from(login).toString('base64')}`,
  };
}

/** A stray percent sign stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not encoded then.
    return text;
  }
}

/** Entries are `*`, a name with or without a leading dot or star (its subdomains are meant too), an address or a range, each with or without a port. */
function isExempt(url: URL, list: string): boolean {
  const host = bare(url.hostname).replace(/\.$/, '');
  if (isHere(host)) return true;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => covers(entry, host, port));
}

function isHere(host: string): boolean {
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIP(host) === 4 && /^127\./.test(host))
  );
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [, name = entry, only] = isIP(entry) === 6 ? [] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []);
  if (only !== undefined && only !== port) return false;
  const bareName = bare(name);
  if (isIP(host) !== 0) return bareName === host || isInRange(bareName, host);
  const domain = bareName.replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

function isInRange(range: string, address: string): boolean {
  const [network = '', bits = ''] = range.split('/');
  const family = isIP(network);
  const prefix = /^\d+$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || !(prefix <= (family === 4 ? 32 : 128))) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '').toLowerCase();
}
