type Headers = Readonly<Record<string, string>>;
type ErrorObject = Readonly<Record<string, unknown>>;

/** A complete HTTP answer; `body` gets the model that was asked for. */
export interface HttpAnswer {
  readonly kind: 'http';
  readonly status: number;
  readonly headers: Headers;
  readonly body: (model: string) => string;
}

/** Novita's own form, `{"code":400,"reason":"INVALID_PARAMETER","message":…,"metadata":{}}`: no `error` key. */
export function flat(status: number, reason: string, message: string): HttpAnswer {
  return json(status, () => ({ code: status, reason, message, metadata: {} }));
}

/** OpenAI's form, which most services copy. A field that is not given is null, as in OpenAI's own answers. */
export function openai(
  status: number,
  error: ErrorObject | ((model: string) => ErrorObject),
  headers: Headers = {},
): HttpAnswer {
  const details = typeof error === 'function' ? error : () => error;
  return json(status, (model) => ({ error: { type: null, param: null, code: null, ...details(model) } }), headers);
}

/** nginx's page for an error of its own; the lines end in CRLF as nginx writes them. */
export function nginx(status: number, reason: string): HttpAnswer {
  const lines = [
    '<html>',
    `<head><title>${status} ${reason}</title></head>`,
    '<body>',
    `<center><h1>${status} ${reason}</h1></center>`,
    '<hr><center>nginx</center>',
    '</body>',
    '</html>',
    '',
  ];
  return page(status, lines.join('\r\n'), { server: 'nginx' });
}

/** Envoy's answer when it got none from behind it: one line of text. */
export function envoy(status: number, text: string, headers: Headers = {}): HttpAnswer {
  return plain(status, text, { server: 'envoy', ...headers });
}

export function page(status: number, html: string, headers: Headers = {}): HttpAnswer {
  return { kind: 'http', status, headers: { 'content-type': 'text/html', ...headers }, body: () => html };
}

export function plain(status: number, text: string, headers: Headers = {}): HttpAnswer {
  return { kind: 'http', status, headers: { 'content-type': 'text/plain', ...headers }, body: () => text };
}

function json(status: number, body: (model: string) => unknown, headers: Headers = {}): HttpAnswer {
  return {
    kind: 'http',
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: (model) => JSON.stringify(body(model)),
  };
}
