import { type RequestHandler, Router } from 'express';
import { formatProblem, type Problem } from '../problem.ts';
import { onlyMethods, sendText } from './respond.ts';

/** What the lifecycle routes ask and can trigger. */
export interface LifecycleOptions {
  /** False until everything is started, while no process of the proxy is there, and again while requests drain. */
  readonly isReady: () => boolean;
  /** Absent unless `--web.enable-lifecycle`. Gives what is wrong with the new configuration; nothing when it is in force. */
  readonly reload?: (() => readonly Problem[]) | undefined;
}

/** The management API of Prometheus (https://prometheus.io/docs/prometheus/latest/management_api/), without `quit`. */
export function lifecycleRoutes({ isReady, reload }: LifecycleOptions): Router {
  const router = Router();
  const reloadRoute: RequestHandler = (_request, response) => {
    if (reload === undefined) {
      sendText(response, 403, 'Lifecycle API is not enabled: start with --web.enable-lifecycle.');
      return;
    }
    const problems = reload();
    if (problems.length === 0) sendText(response, 200, 'Configuration reloaded.');
    else sendText(response, 500, ['Configuration not reloaded:', ...problems.map(formatProblem)].join('\n'));
  };
  router
    .route('/-/healthy')
    .get((_request, response) => sendText(response, 200, 'llm-exporter is healthy.'))
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/-/ready')
    .get((_request, response) =>
      isReady()
        ? sendText(response, 200, 'llm-exporter is ready.')
        : sendText(response, 503, 'llm-exporter is not ready.'),
    )
    .all(onlyMethods('GET', 'HEAD'));
  router.route('/-/reload').post(reloadRoute).put(reloadRoute).all(onlyMethods('POST', 'PUT'));
  return router;
}
