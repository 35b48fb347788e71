// @tamis/client: the Tamis recommendation database from Node.js 18+ and browsers. No dependencies.
export { Tamis } from "./client.js";
export type { PageOptions, TamisOptions } from "./client.js";
export { TamisError } from "./error.js";
export type { Fault, Problem } from "./error.js";
export type { CallOptions } from "./transport.js";
export { parseMetrics } from "./metrics.js";
export type { MetricFamily, MetricSample } from "./metrics.js";
export type * from "./types.js";
export type * from "./operation_types.js";
export type * from "./funnel_types.js";
