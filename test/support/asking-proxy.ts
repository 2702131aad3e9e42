import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';
import type { ExporterProcess } from './exporter.ts';
import { readBody, startUpstream } from './upstream.ts';

/** An API that knows every model but `nosuch`. */
export async function startSmallApi(t: TestContext): Promise<string> {
  const { url } = await startUpstream(t, async (request, response) => {
    const { model } = JSON.parse((await readBody(request)).toString());
    const known = model !== 'nosuch';
    const answer = known ? { choices: [] } : { error: { code: 'model_not_found', message: 'no such model' } };
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return url;
}

/** Sends that many requests for a model through the proxy, one after another. */
export async function ask({ proxyUrl }: Pick<ExporterProcess, 'proxyUrl'>, model: string, times = 1): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    const response = await fetch(`${proxyUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [] }),
    });
    await response.arrayBuffer();
  }
}

/** Waits until so many requests of each model are counted: `{m1: 3}`. */
export function counted({ scrape }: Pick<ExporterProcess, 'scrape'>, expected: Record<string, number>): Promise<void> {
  return eventually(async () => assert.deepEqual((await scrape()).by('llm_requests_total', ['model']), expected));
}
