import type { Findings } from './error-findings.ts';

/** What is read of an HTML page; titles and headings come first. */
const MAX_PAGE_LENGTH = 16_384;
const MAX_TEXT_LENGTH = 1024;

/** Scripts and words of Cloudflare's challenge pages: https://developers.cloudflare.com/cloudflare-challenges/ */
const CHALLENGE = /cdn-cgi\/challenge-platform|challenges\.cloudflare\.com|enable javascript and cookies to continue/i;

/** Collects the title, the headings and the first words of an HTML page. */
export function readPage(page: string, findings: Findings): void {
  const html = page.slice(0, MAX_PAGE_LENGTH);
  if (CHALLENGE.test(html)) findings.code = 'cloudflare_challenge';
  findings.messages.push(...textOf(html).slice(0, MAX_TEXT_LENGTH).split('\n'));
  for (const [, , text = ''] of html.matchAll(/<(h1|title)\b[^<>]{0,200}>([^<]{0,500})/gi))
    findings.messages.push(text);
}

/** One line a block: "Too Many Requests" and "Rate limit exceeded" below it are two sentences. */
function textOf(html: string): string {
  return html
    .replace(/<(script|style)\b[\s\S]*?(?:<\/\1>|$)/gi, ' ')
    .replace(/\s+/g, ' ')
    .replace(/<\/(?:h[1-6]|title|p|div|li)>/gi, '\n')
    .replace(/<[^<>]{0,2000}>/g, ' ');
}
