/** What must be counted for a request. */
export interface NumberedRequest {
  readonly model: string;
  readonly code: string;
}

/** Lines between two births of a model: series must go on being born for as long as a run lasts. */
const LINES_PER_MODEL = 250;
/** Fewer than the 200 models a provider may have: beyond them lines would count as "other". */
const BORN_MODELS = 80;
/** Primes, so that every model meets every code in time, and many a pair has one line only. */
const CODES = [
  [97, '504'],
  [41, '499'],
  [13, '503'],
  [11, '429'],
] as const;

/** Models that are in use from the first lines on. */
export const FIRST_MODELS = ['chat-0', 'chat-1', 'chat-2'] as const;

/**
 * Model and code follow from the number alone, so that all counts are known. The first request is number 1. A client that left proves no
 * model, so it would count as "other" if it came first, and files that rotation left behind may be read in any order: a 499 has one of the
 * models that an exporter can be told of.
 */
export function numberedRequest(number: number): NumberedRequest {
  const code = CODES.find(([every]) => number % every === 0)?.[1] ?? '200';
  if (number % 5 !== 0) return { model: FIRST_MODELS[number % FIRST_MODELS.length] ?? '', code };
  const model = `born-${Math.floor(number / LINES_PER_MODEL) % BORN_MODELS}`;
  return { model, code: code === '499' ? '200' : code };
}

/** Its line as `deploy/nginx/llm-log.conf` writes it. Durations are sums of powers of two: histograms can add them up exactly. */
export function numberedLine(number: number): string {
  const { model, code } = numberedRequest(number);
  const line = {
    time: new Date(Date.UTC(2026, 8, 2) + number * 1000).toISOString().replace('.000Z', '+00:00'),
    method: 'POST',
    uri: '/v1/chat/completions',
    status: Number(code),
    request_time: (number % 64) + 0.125,
    upstream_status: code === '499' ? '-' : code,
    upstream_connect_time: '0.002',
    upstream_header_time: '0.125',
    model,
    stream: 'false',
    request_id: String(number).padStart(12, '0'),
  };
  return `${JSON.stringify(line)}\n`;
}

/** A line that every file may begin with, the same byte for byte: a probe of the load balancer. It is no LLM request. */
export const PROBE_LINE = `${JSON.stringify({
  time: '2026-09-02T00:00:00+00:00',
  method: 'GET',
  uri: '/healthz',
  status: 200,
  request_time: 0,
  upstream_status: '',
  model: '',
  stream: '',
  request_id: '0'.repeat(12),
})}\n`;
