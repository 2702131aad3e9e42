import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type ClientApi, startClientApi } from './client-api.ts';
import { eventually } from './eventually.ts';
import { startExporter } from './exporter.ts';

/** One API that clients reach directly, and through the sidecar. */
export interface BothWays {
  readonly api: ClientApi;
  /** The sidecar's address. */
  readonly sidecar: string;
  /** Runs the same calls both ways; what they come to must be equal, and is handed back. The API must see equally many requests. */
  same<T>(calls: (baseUrl: string) => Promise<T>): Promise<T>;
  /** Waits until the sidecar has counted every request by the code that the API gave it; hands back what it counted. */
  counted(): Promise<Readonly<Record<string, number>>>;
}

export async function startBothWays(t: TestContext): Promise<BothWays> {
  const api = await startClientApi(t);
  const exporter = await startExporter(t, [`--upstream=${api.url}`, '--provider=p']);
  const counting = async <T>(calls: (baseUrl: string) => Promise<T>, baseUrl: string) => {
    const before = api.requests();
    const result = await calls(baseUrl);
    return { result, requests: api.requests() - before };
  };
  return {
    api,
    sidecar: exporter.proxyUrl,
    async same(calls) {
      const direct = await counting(calls, api.url);
      const through = await counting(calls, exporter.proxyUrl);
      assert.deepEqual(through, direct);
      return through.result;
    },
    counted: () =>
      eventually(async () => {
        const scrape = await exporter.scrape();
        const counted = scrape.by('llm_requests_total', ['code']);
        // Of two requests that are alike, one went this way.
        assert.deepEqual(Object.fromEntries(Object.entries(counted).map(([code, n]) => [code, n * 2])), api.answered());
        assert.deepEqual(scrape.by('llm_attempts_total', ['code']), counted);
        assert.equal(scrape.sum('llm_requests_in_flight'), 0);
        return counted;
      }),
  };
}

/** What is about the connection, and the time of the answer. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['date', 'connection', 'keep-alive']);

/** The headers of an answer that must be equal both ways. */
export function plainHeaders(
  headers: Iterable<readonly [string, string]> | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries([...(headers ?? [])].filter(([name]) => !NOT_COMPARED.has(name)));
}

/** A thrown error, as far as the caller of a client can tell. */
export interface Failure {
  readonly class: string;
  readonly message: string;
  readonly status: unknown;
  readonly code: unknown;
  readonly type: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** The error that a call must end with. */
export async function failureOf(call: () => Promise<unknown>): Promise<Failure> {
  const result = await call().then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  );
  assert.ok('error' in result, 'the call went well');
  const { error } = result;
  assert.ok(error instanceof Error);
  const { status, statusCode, code, type, headers, responseHeaders }: Record<string, unknown> = { ...error };
  return {
    class: error.constructor.name,
    message: error.message,
    status: status ?? statusCode,
    code,
    type,
    headers: plainHeaders(headers instanceof Headers ? headers : entriesOf(responseHeaders)),
  };
}

function entriesOf(headers: unknown): readonly (readonly [string, string])[] {
  return typeof headers === 'object' && headers !== null
    ? Object.entries(headers).map(([name, value]) => [name, String(value)] as const)
    : [];
}

/** All that a stream hands out. */
export async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
