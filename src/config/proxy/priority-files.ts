import { isAbsolute, join } from 'node:path';
import type { Problem } from '../../problem.ts';
import type { YamlSource } from '../../yaml-source.ts';
import type { ProxyConfig } from '../schema.ts';
import { placedUpstreams } from './placed.ts';
import { readPriorityKeys } from './priority-keys.ts';

type ThrottleConfig = NonNullable<ProxyConfig['throttle']>;

/** Key files of priorities are found beside the configuration, wherever the exporter was started. */
export function withResolvedKeyFiles(proxy: ProxyConfig, dir: string): ProxyConfig {
  const at = (file: string | undefined) => (file === undefined || isAbsolute(file) ? file : join(dir, file));
  const resolved = (throttle: ThrottleConfig | undefined) =>
    throttle && {
      ...throttle,
      priorities: throttle.priorities.map((priority) => ({ ...priority, key_file: at(priority.key_file) })),
    };
  return {
    ...proxy,
    throttle: resolved(proxy.throttle),
    upstreams: proxy.upstreams.map((upstream) => ({ ...upstream, throttle: resolved(upstream.throttle) })),
  };
}

/** Key files of priorities that are of no use. No message quotes what is in them. */
export function keyFileProblems(proxy: ProxyConfig, { placeOf }: Pick<YamlSource, 'placeOf'>): Problem[] {
  return placedUpstreams(proxy).flatMap(({ upstream: { throttle }, path }) =>
    (throttle?.priorities ?? []).flatMap(({ key_file: file }, index) => {
      const fault = file === undefined ? undefined : faultOf(file);
      if (fault === undefined) return [];
      const at = [...path, 'throttle', 'priorities', index, 'key_file'];
      return [{ code: 'config.file', ...placeOf(at), message: `${at.join('.')}: "${file}" ${fault}` }];
    }),
  );
}

function faultOf(file: string): string | undefined {
  try {
    readPriorityKeys(file);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return error instanceof Error && 'syscall' in error ? `cannot be read: ${why}` : why;
  }
}
