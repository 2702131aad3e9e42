import { fieldMap } from '../../fields/field-map.ts';
import type { LogFormat } from '../log-format.ts';

const UP_TO_AGENT =
  '$type $time $elb $client $target $request_processing_time $target_processing_time $response_processing_time ' +
  '$elb_status_code $target_status_code $received_bytes $sent_bytes "$request" "$user_agent" $ssl_cipher $ssl_protocol ' +
  '$target_group_arn "$trace_id" "$domain_name" "$chosen_cert_arn" $matched_rule_priority $request_creation_time ';

/**
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#access-log-entry-format
 * AWS adds fields at the end, so what follows those that we know is not looked at.
 */
export const ALB: LogFormat = {
  title: 'AWS Application Load Balancer',
  layout: {
    kind: 'text',
    escape: 'nginx',
    templates: [
      `${UP_TO_AGENT}"$actions_executed" "$redirect_url" "$error_reason"$rest`,
      `${UP_TO_AGENT}"$actions_executed"$rest`,
    ],
  },
  fields: fieldMap({
    time: ['time'],
    code: ['elb_status_code'],
    path: ['request'],
    method: ['request'],
    request_id: ['trace_id'],
    error_code: ['error_reason'],
    upstream_code: ['target_status_code'],
  }),
  durationUnit: 's',
  durationParts: ['request_processing_time', 'target_processing_time', 'response_processing_time'],
  // A part is -1 when it was not reached, as the target's is in every timeout, whose length is what matters most.
  between: { duration: ['request_creation_time', 'time'] },
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-460-issues
  codes: { '460': 499 },
  marks: [
    // As the last action it is why the request went no further; 405 is what a CAPTCHA answers.
    {
      at: 'actions_executed',
      is: /(?:^|,)waf$/,
      beside: [403, 405],
      means: { origin: 'edge', errorCode: 'waf_rejected' },
    },
    // No target was registered or healthy, so none was chosen.
    { at: 'target', is: '-', beside: [503], means: { origin: 'edge', errorCode: 'no_healthy_upstream' } },
  ],
};
