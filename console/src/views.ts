// The views by their address. Each is loaded when it is first opened.
import type { ComponentType } from "preact";

export interface View {
  name: string;
  title: string;
  icon: string;
  group: "See" | "Shape" | "Keep" | "";
  load: () => Promise<{ default: ComponentType }>;
}

export const views: View[] = [
  { name: "overview", title: "Overview", icon: "overview", group: "See", load: () => import("./views/overview") },
  { name: "live", title: "Live", icon: "live", group: "See", load: () => import("./views/live") },
  { name: "map", title: "Map", icon: "map", group: "See", load: () => import("./views/map") },
  { name: "neighbours", title: "Neighbours", icon: "neighbours", group: "See", load: () => import("./views/neighbours") },
  { name: "matrix", title: "Matrix", icon: "matrix", group: "See", load: () => import("./views/matrix") },
  { name: "factors", title: "Factors", icon: "factors", group: "See", load: () => import("./views/factors") },
  { name: "towers", title: "Towers", icon: "towers", group: "See", load: () => import("./views/towers") },
  { name: "funnel", title: "Funnel", icon: "funnel", group: "Shape", load: () => import("./views/funnel") },
  { name: "ranker", title: "Ranker", icon: "ranker", group: "Shape", load: () => import("./views/ranker") },
  { name: "training", title: "Training", icon: "training", group: "Shape", load: () => import("./views/training") },
  { name: "experiments", title: "Experiments", icon: "experiments", group: "Shape", load: () => import("./views/experiments") },
  { name: "loop", title: "Loop", icon: "loop", group: "Shape", load: () => import("./views/loop") },
  { name: "data", title: "Data", icon: "data", group: "Keep", load: () => import("./views/data") },
  { name: "time", title: "Time travel", icon: "time", group: "Keep", load: () => import("./views/time") },
  { name: "operations", title: "Operations", icon: "operations", group: "Keep", load: () => import("./views/operations") },
  { name: "api", title: "API", icon: "api", group: "Keep", load: () => import("./views/api") },
  { name: "start", title: "Import data", icon: "start", group: "Keep", load: () => import("./views/start") },
];
