/** One server-sent event. OpenAI's chat API names none; its Responses API and Anthropic name each. */
export interface Frame {
  readonly event?: string;
  /** Written as JSON, unless it is a string, which is written as it is (`[DONE]`). */
  readonly data: unknown;
}

/** An event whose name is repeated as the `type` of its data, as in the Responses API and at Anthropic. */
export function typed(event: string, fields: Readonly<Record<string, unknown>>): Frame {
  return { event, data: { type: event, ...fields } };
}

/** WHATWG HTML, section 9.2: fields, one a line, and an empty line at the end. */
export function writeFrame({ event, data }: Frame): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  return `${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}
