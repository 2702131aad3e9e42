import { type Headers, headerValue } from './parsed-headers.ts';

/** `ThrottlingException`, `…ThrottlingException:http://internal.amazon.com/coral/…`, `com.amazonaws.bedrock#Throttling…`. */
const AWS_TYPE = /^(?:[\w.]{1,80}#)?(\w{1,80})(?:$|[:,])/;

/**
 * The machine type that AWS puts beside the body and not into it: Bedrock's bodies hold a message only.
 * https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
 */
export function errorTypeOf(headers: Headers | undefined): string | undefined {
  return AWS_TYPE.exec(headerValue(headers, 'x-amzn-errortype')?.trim() ?? '')?.[1];
}

/** What the provider says about trying again, in the header that OpenAI's and Anthropic's SDKs obey. */
export function shouldRetryOf(headers: Headers | undefined): boolean | undefined {
  const value = headerValue(headers, 'x-should-retry')?.trim().toLowerCase();
  return value === 'true' || value === 'false' ? value === 'true' : undefined;
}
