import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { CAUSES, type Cause } from '../../../../src/classify/causes.ts';
import { RETRY_DECISIONS } from '../../../../src/event/sink.ts';
import { type ConfiguredExporter, startConfigured } from '../../configured-exporter.ts';
import { eventually } from '../../eventually.ts';
import { requestLine } from '../../followed-log.ts';
import type { Scrape } from '../../scrape.ts';
import { startSimulator } from '../../simulator.ts';
import { tempDir } from '../../temp-dir.ts';

/** Long enough that a busy machine does not blur whether an answer came at this time. */
const GATEWAY_TIMEOUT_SECONDS = 8;
const PROVIDER = 'simulated';

/**
 * Runs the real exporter with a proxy, a followed log, a push endpoint and a syslog listener, has `simulate` produce
 * every cause and the sources every kind of line, and gives back the scrape that shows it all.
 */
export async function scrapeOfEverything(t: TestContext): Promise<Scrape> {
  const folder = await tempDir(t);
  const log = join(folder, 'access.json');
  await writeFile(log, '');
  const simulator = await startSimulator(t, { gatewayTimeoutMs: GATEWAY_TIMEOUT_SECONDS * 1000 });
  const exporter = await startConfigured(t, folder, {
    proxy: {
      upstreams: [
        { name: 'narrow', url: simulator.url, provider: PROVIDER, ...NARROW },
        ...Object.entries(RETRIES).map(([name, retries]) => ({
          name,
          url: simulator.url,
          provider: PROVIDER,
          match: { path_prefix: `/${name}` },
          strip_prefix: true,
          retries,
        })),
        { name: 'plain', url: simulator.url, provider: PROVIDER },
      ],
    },
    providers: { [PROVIDER]: { gateway_timeout: `${GATEWAY_TIMEOUT_SECONDS}s`, models: ['m1'] } },
    logs: [{ file: log, source: 'access', provider: PROVIDER, format: 'nginx-json', start_at: 'beginning' }],
    push: { allow_anonymous: true, provider: PROVIDER, format: 'nginx-json' },
    syslog: [{ listen: 'udp://127.0.0.1:0', source: 'edge', provider: PROVIDER, format: 'nginx-json' }],
    metrics: { birth: 'immediate' },
    // The second of them is one too many.
    limits: { models: 1 },
  });
  const patience = new AbortController();
  const leaving = [false, true].map((stream) =>
    ask(exporter.proxyUrl, { cause: 'client_aborted', stream, signal: patience.signal }),
  );
  const answered = CAUSES.filter((cause) => cause !== 'client_aborted');
  await Promise.all([
    ...answered.flatMap((cause) => [false, true].map((stream) => ask(exporter.proxyUrl, { cause, stream }))),
    overfill(exporter.proxyUrl),
    ...Object.keys(RETRIES).map((name) => askForRetries(exporter.proxyUrl, name)),
    feedSources(exporter, log),
  ]);
  // Who left before the exporter had heard of him would be nobody's client.
  await eventually(async () => assert.equal((await exporter.scrape()).sum('llm_requests_in_flight'), leaving.length));
  patience.abort();
  await Promise.all(leaving);
  // A scrape tells how long the one before it took.
  await exporter.scrape();
  return eventually(async () => {
    const scrape = await exporter.scrape();
    const seen = scrape.by('llm_requests_total', ['cause']);
    assert.deepEqual(
      CAUSES.filter((cause) => !((seen[cause] ?? 0) > 0)),
      [],
      'causes that were not produced',
    );
    const lines = scrape.by('llm_exporter_source_events_total', ['source']);
    assert.deepEqual(Object.keys(lines).sort(), ['access', 'edge', 'push']);
    const decisions = Object.keys(scrape.by('llm_retries_total', ['decision']));
    assert.deepEqual(decisions.sort(), [...RETRY_DECISIONS].sort());
    return scrape;
  });
}

const AT_ONCE = { max: 1, base_delay: '1ms', max_delay: '1ms', statuses: [429, 503], budget: 1 };

/** Upstreams whose retries end in other ways. The simulated answer to a surge asks to wait 5 s. */
const RETRIES = {
  patient: AT_ONCE,
  hasty: { ...AT_ONCE, max_retry_after: '1s' },
  thrifty: { ...AT_ONCE, budget: 0 },
};

/** One request at a time, and one that waits: the third is sent away. */
const NARROW = {
  match: { path_prefix: '/narrow' },
  strip_prefix: true,
  throttle: { max_in_flight: 1, per: 'upstream', queue: 1, queue_timeout: '200ms' },
};

interface Asked {
  readonly cause: Cause;
  readonly stream: boolean;
  readonly prefix?: string;
  /** When the client leaves. */
  readonly signal?: AbortSignal;
}

async function ask(proxyUrl: string, { cause, stream, prefix = '', signal }: Asked): Promise<void> {
  const key = cause === 'auth_missing_key' ? {} : { authorization: 'Bearer k' };
  try {
    const response = await fetch(`${proxyUrl}${prefix}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-simulate-cause': cause, ...key },
      body: JSON.stringify({ model: 'm1', stream, max_tokens: 20, stream_options: { include_usage: true } }),
      signal: signal ?? null,
    });
    await response.arrayBuffer();
  } catch {
    // A broken connection is the answer of some causes; the caller looks at what the exporter made of it.
  }
}

/** What is tried again at once, what after a while, and what never heals. */
async function askForRetries(proxyUrl: string, name: string): Promise<void> {
  const causes = ['model_overloaded', 'surge_protection', 'quota_exhausted'] as const;
  for (const cause of causes) await ask(proxyUrl, { cause, stream: false, prefix: `/${name}` });
}

/** Holds the only place until the client leaves, while others wait in vain. */
async function overfill(proxyUrl: string): Promise<void> {
  const patience = new AbortController();
  const place = { stream: false, prefix: '/narrow' } as const;
  const holding = ask(proxyUrl, { ...place, cause: 'client_aborted', signal: patience.signal });
  await Promise.all(Array.from({ length: 3 }, () => ask(proxyUrl, { ...place, cause: 'none' })));
  patience.abort();
  await holding;
}

/**
 * To each source: answers just before the gateway's timeout, one at it, a failure, a page that is none of ours, and
 * no JSON. The one at the timeout is there again because on a machine that is late the simulated one is no proof.
 */
async function feedSources(exporter: ConfiguredExporter, log: string): Promise<void> {
  const slow = JSON.parse(requestLine(1));
  const near = { ...slow, request_time: GATEWAY_TIMEOUT_SECONDS * 0.9, stream: 'false' };
  const timedOut = { ...slow, request_time: GATEWAY_TIMEOUT_SECONDS, status: 504, request_id: '3', stream: 'false' };
  const nearStream = { ...near, stream: 'true', first_token: near.request_time, request_id: '4' };
  const { stream: _, ...nearUnknown } = { ...near, request_id: '5' };
  const records = [near, nearStream, nearUnknown, timedOut].map((record) => JSON.stringify(record));
  const lines = [...records, requestLine(2, 503).trim(), '{"status":200,"request_uri":"/favicon.ico"}', '{"broken'];
  await appendFile(log, `${lines.join('\n')}\n`);
  const pushed = await fetch(`${exporter.webUrl}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: `${lines.join('\n')}\n`,
  });
  assert.equal(pushed.status, 200);
  const { hostname, port } = exporter.syslogAddress('udp');
  const socket = createSocket('udp4');
  for (const line of lines) {
    await new Promise((sent) => socket.send(`<190>Sep  2 00:31:44 host nginx: ${line}`, Number(port), hostname, sent));
  }
  socket.close();
}
