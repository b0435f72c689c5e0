"""What AWS asks for, in dollars, in us-east-1, before any free tier; collected in November 2026.

Those of S3, X-Ray, CloudFront and of what is kept come from second hand: look at AWS's own pages before you rely on
them.

https://aws.amazon.com/step-functions/pricing, /lambda/pricing, /api-gateway/pricing, /dynamodb/pricing/on-demand,
/s3/pricing, /cloudwatch/pricing, /xray/pricing, /secrets-manager/pricing, /cloudfront/pricing
"""

GB = 1e9

TRANSITION = 25.00 / 1e6
"""A state transition of a Standard workflow."""
INVOCATION = 0.20 / 1e6
GB_SECOND = 0.0000133334
"""Of a function on arm64, per GB of memory and second."""
REQUEST = 1.00 / 1e6
"""Of an HTTP API, per 512 KB."""
WRITE, READ = 0.625 / 1e6, 0.125 / 1e6
"""DynamoDB on demand: a unit of 1 KB written, of 4 KB read."""
PUT = 5.00 / 1e6
"""S3: a PUT, and each part of an upload in parts."""
LOG_BYTE = 0.50 / GB
"""CloudWatch Logs, taken in."""
TRACE, TRACED = 5.00 / 1e6, 0.05
"""X-Ray, and the share of requests that are traced beyond the first of a second."""
EGRESS_BYTE = 0.085 / GB
"""CloudFront to North America and Europe, the first 10 TB of a month."""

STORED_BYTE_MONTH = 0.023 / GB
"""S3 Standard, the first 50 TB."""
RECORD_BYTE_MONTH = (0.25 + 0.20) / GB
"""DynamoDB, and its point-in-time recovery."""
SECRET_MONTH = 0.40
METRIC_MONTH, ALARM_MONTH, DASHBOARD_MONTH = 0.30, 0.10, 3.00
"""CloudWatch: a metric, for the hours in which it is sent; each metric that an alarm looks at; a dashboard."""

FREE_TRANSITIONS, FREE_METRICS, FREE_ALARMS, FREE_DASHBOARDS = 4_000, 10, 10, 3
"""A month, for good; what an account has of them, in all of its stacks."""
FREE_SHOWN = 50
"""Metrics that a dashboard may show and be free."""

PICTURE = 0.003
"""About what the cheapest picture costs at Replicate (FLUX.1 schnell)."""
