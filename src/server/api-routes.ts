import { Router } from 'express';
import type { Catalogue } from '../classify/catalogue.ts';
import { onlyMethods } from './respond.ts';
import type { Status } from './status.ts';

/** What the exporter knows, as JSON: `{status: "success", data}`, the envelope of Prometheus' own API. */
export function apiRoutes({
  status,
  catalogue,
}: {
  readonly status: () => Status;
  readonly catalogue: Catalogue;
}): Router {
  const router = Router();
  const answers = {
    '/api/v1/status': () => status(),
    '/api/v1/causes': () => Object.values(catalogue.causes),
    '/api/v1/failures': () => status().failures,
  };
  for (const [path, read] of Object.entries(answers)) {
    router
      .route(path)
      .get((_request, response) => void response.json({ status: 'success', data: read() }))
      .all(onlyMethods('GET', 'HEAD'));
  }
  return router;
}
