import { eventOfRecorded, type RecordedContext, type RecordedRequest } from '../input/proxy/recorded-exchange.ts';
import { providerFromHost } from '../provider/known.ts';
import { type Hints, type Item, UNNAMED_PROVIDER } from './item.ts';

/** A status line with its headers up to the blank line, in HTTP/1 and in curl's rendering of HTTP/2 and 3. */
const HEAD = /HTTP\/[\d.]{1,4} (\d{3})[^\n]*\n((?:[!#$%&'*+.^`|~\w-]+:[^\n]*\n)+)\r?(?:\n|$)/g;
/** The same for a request, as `curl -v` shows it behind `> `. */
const REQUEST_HEAD = /^> ([A-Z]+) (\S+) HTTP\/[\d.]+\r?\n((?:> [^\n]*\n)*)/m;
/** What `curl -v` says itself: its own lines, the request's, its progress, and a farewell that may stick to the body. */
const CURL_TALK: readonly RegExp[] = [
  /^[*>](?: [^\n]*)?\r?(?:\n|$)/gm,
  /^[{}] \[\d+ bytes data\][^\n]*\n/gm,
  /^ *(?:% Total|Dload)[^\n]*\n/gm,
  /[ \r\d.kMG]*--:--:--[ \r\d.kMG:-]*/g,
  /\* (?:Connection #\d+ to host|Closing connection)[^\n]*\s*$/,
];

/** Whether this is what `curl -i` or `curl -v` prints. */
export function isCurlDump(text: string): boolean {
  return /^HTTP\/[\d.]{1,4} \d{3}\b/.test(text) || /^< HTTP\/[\d.]{1,4} \d{3}\b/m.test(text);
}

/** Reads what `curl -i` or `curl -v` printed. Of several answers (100 Continue, a proxy's, redirects) the last counts. */
export async function readCurlDump(dump: Buffer, hints: Hints, context: RecordedContext): Promise<Item> {
  // Latin-1 keeps every byte of the body what it is.
  const text = dump.toString('latin1');
  const isVerbose = /^< HTTP\//m.test(text);
  const answer = isVerbose ? withoutTalk(text) : text;
  const last = [...answer.matchAll(HEAD)].filter(([, status]) => Number(status) >= 200).at(-1);
  if (last === undefined) return { place: '', unreadable: 'no_answer' };
  const request = isVerbose ? requestOf(text) : undefined;
  const event = await eventOfRecorded(
    {
      provider: hints.provider ?? providerOf(request),
      status: hints.status ?? Number(last[1]),
      headers: { ...headersOf(last[2] ?? ''), ...hints.headers },
      body: Buffer.from(answer.slice(last.index + last[0].length), 'latin1'),
      stream: hints.stream,
      durationSeconds: hints.durationSeconds,
      request,
    },
    context,
  );
  return { place: '', event, hasStatus: true };
}

function withoutTalk(text: string): string {
  const said = CURL_TALK.reduce((rest, talk) => rest.replace(talk, ''), text);
  return said.replace(/^<(?: |(?=\r?$))/gm, '');
}

/** curl shows the head of the request and not its body. */
function requestOf(text: string): RecordedRequest | undefined {
  const [, method, url, lines] = REQUEST_HEAD.exec(text) ?? [];
  if (method === undefined || url === undefined || lines === undefined) return undefined;
  return { method, url, headers: headersOf(lines.replace(/^> /gm, '')), body: Buffer.alloc(0) };
}

function providerOf(request: RecordedRequest | undefined): string {
  const host = request?.headers.host;
  return typeof host === 'string' ? (providerFromHost(host)?.name ?? host) : UNNAMED_PROVIDER;
}

function headersOf(lines: string): Readonly<Record<string, string>> {
  const fields = [...lines.matchAll(/^([^:\s]+):[ \t]*(.*?)\r?$/gm)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name.toLowerCase(), value]));
}
