import type { PackContext } from '../alert.ts';
import { causesNamed, failureCauses } from '../causes.ts';
import { increase, promql, selectors, sumBy } from '../promql.ts';
import { LAST_STEP, type RunbookPage } from '../runbook.ts';
import { scaled } from '../settings/settings.ts';
import { describeShare, percent } from '../share.ts';

/** Page of LLMMidStreamFailures. */
export function streamsPage({ settings, causes }: PackContext): RunbookPage {
  const { warning, critical } = settings.thresholds.LLMMidStreamFailures;
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.windowSeconds.warning);
  const failed = increase(
    series.counter('llm_requests_total', { code: '200', stream: { none: ['false'] }, cause: { none: ['none'] } }),
    window,
  );
  const words = (level: typeof warning | typeof critical, windowSeconds: number) =>
    describeShare(settings, 'streams that began', { ...level, windowSeconds });
  return {
    meaning:
      'Streams of one model begin well, with HTTP 200, and then fail: they break off, or an error event comes instead of tokens. ' +
      `No alert on status codes sees that. Warning: ${words(warning, settings.windowSeconds.warning)} Critical: ${words(critical, settings.windowSeconds.critical)}`,
    hurt: 'Callers of that model who stream: they have half an answer, and often no error. SDKs that do not look for the terminal event take it for a whole one. The tokens are billed.',
    confirm: [
      {
        why: 'How many streams failed after their 200, and why:',
        query: promql`sort_desc(${sumBy(failed, ['provider', 'model', 'cause'])} > 0)`,
      },
      {
        why: 'Of which instances: one of them alone points at that gateway or its network, all of them at the provider:',
        query: promql`${sumBy(failed, ['instance', 'cause'])} > 0`,
      },
      {
        why: 'How many streams began in the same time:',
        query: promql`${sumBy(increase(series.counter('llm_requests_total', { code: '200', stream: { none: ['false'] } }), window), ['provider', 'model'])} > 0`,
      },
    ],
    causes: causesNamed(causes, [
      'stream_interrupted',
      ...failureCauses(causes).filter((id) => id !== 'stream_interrupted'),
    ]),
    steps: [
      'Read the cause in the notification. `stream_interrupted`: the connection ended before the terminal event. Anything else: the provider said so in an error event of the stream.',
      'Second query: one instance only? Look at what stands between that gateway and the provider: idle timeouts of load balancers, NAT and `proxy_read_timeout` (above 60 s), a node that is being drained.',
      'All instances: look at the durations of the streams that failed (dashboard of the provider). The same round number of seconds every time is a timeout on the way or a maximum stream duration: raise it. Any length: engines of the provider restart.',
      'Reproduce it: `curl -sN` the same model with `"stream": true` and see whether the last line is `data: [DONE]`.',
      'Tell callers to treat a stream without its terminal event as failed, and to retry it with exponential backoff; what they have got so far may be shown, not stored.',
      'If you run the platform: compare with restarts of the engines and with deploys; drain connections before an engine stops.',
      LAST_STEP,
    ],
    falseWhen: [
      'One client that closes its connection in a way that looks like the upstream did. The exporter tells them apart where it is the proxy; from a log it goes by the flags that the log has.',
      'A gateway that ends streams on purpose after a maximum duration: raise that, or turn this alert off for its model with a silence.',
    ],
    silent: [
      `Under ${warning.minTotal} streams of a model in ${window}, or under ${warning.minBad} that failed; LLMLowVolumeSustainedErrors takes over after some hours.`,
      'A log that does not say how a stream ended: nginx writes 200 for a stream that broke off. The proxy sees it, HAProxy and Envoy log it in their flags.',
      'Streams that stand still and do not end: they are failures only when somebody gives up. LLMTimeToFirstTokenDegraded sees those without a first token.',
    ],
    tune: [
      `Too often: raise \`thresholds.LLMMidStreamFailures.warning.share\` (now ${percent(warning.share)}) or \`.min_bad\` (${warning.minBad}).`,
      `Too late: lower \`thresholds.LLMMidStreamFailures.critical.share\` (now ${percent(critical.share)}).`,
    ],
  };
}
