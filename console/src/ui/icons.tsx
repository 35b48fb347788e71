// Line icons, 24 by 24, drawn for this page.
import type { JSX } from "preact";

const PATHS: Record<string, string> = {
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
  live: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-6 8-6s7 2 8 6",
  funnel: "M3 5h18M6 10h12M9 15h6M11 20h2",
  data: "M12 8c4.4 0 8-1.300 8-3s-3.600-3-8-3-8 1.300-8 3 3.600 3 8 3zM4 5v14c0 1.700 3.600 3 8 3s8-1.300 8-3V5M4 12c0 1.700 3.600 3 8 3s8-1.300 8-3",
  training: "M3 20l6-8 4 4 8-12M15 4h6v6",
  map: "M6 7a2 2 0 1 0 0-.01M17 5a2 2 0 1 0 0-.01M18 17a2 2 0 1 0 0-.01M8 18a2 2 0 1 0 0-.01M12 11.500a1.500 1.500 0 1 0 0-.01",
  experiments: "M9 3h6M10 3v6L4.500 18.500A2 2 0 0 0 6.300 21h11.400a2 2 0 0 0 1.800-2.500L14 9V3M7.500 15h9",
  neighbours: "M12 12m-2.500 0a2.500 2.500 0 1 0 5 0a2.500 2.500 0 1 0-5 0M5 5l5 5M19 5l-5 5M5 19l5-5M19 19l-5-5",
  matrix: "M4 4h4v4H4zM10 10h4v4h-4zM16 16h4v4h-4zM16 4h4v4h-4zM4 16h4v4H4z",
  factors: "M4 20V10M10 20V4M16 20v-7M22 20h-20",
  towers: "M5 21V8l3-4 3 4v13zM14 21v-9l2.500-3 2.500 3v9zM3 21h18",
  ranker: "M5 5h9M5 10h14M5 15h6M5 20h11M20 3v4M18 5h4",
  loop: "M4 12a8 8 0 0 1 13.500-5.800L20 8M20 3v5h-5M20 12a8 8 0 0 1-13.500 5.800L4 16M4 21v-5h5",
  time: "M12 21a9 9 0 1 0-9-9M3 7v5h5M12 7v5l3.500 2",
  operations: "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
  api: "M8 6l-6 6 6 6M16 6l6 6-6 6M13.500 4l-3 16",
  start: "M12 3v12M7 10l5 5 5-5M4 20h16",
  sun: "M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM12 1v2M12 21v2M1 12h2M21 12h2M4.500 4.500l1.500 1.500M18 18l1.500 1.500M19.500 4.500L18 6M6 18l-1.500 1.500",
  moon: "M20 14.500A8.500 8.500 0 1 1 9.500 4 7 7 0 0 0 20 14.500z",
  system: "M3 4h18v12H3zM8 21h8M12 16v5",
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M6 6l12 12M18 6L6 18",
  warning: "M12 3L2 20h20zM12 10v4M12 17v.01",
  check: "M4 12l6 6L20 6",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8v.01",
  refresh: "M20 11a8 8 0 1 0-2 6M20 5v6h-6",
  plus: "M12 5v14M5 12h14",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  shuffle: "M3 7h4l10 10h4M3 17h4l3-3M14 10l3-3h4M18 4l3 3-3 3M18 14l3 3-3 3",
  key: "M8 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12h9v4M17 12v3",
  cart: "M3 4h2l2.500 11h10L20 7H6M9 20v.01M17 20v.01",
  heart: "M12 20s-8-5-8-11a4.500 4.500 0 0 1 8-2.500A4.500 4.500 0 0 1 20 9c0 6-8 11-8 11z",
  block: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM6 6l12 12",
  star: "M12 3l2.800 6 6.200.700-4.600 4.300 1.300 6.300L12 17l-5.700 3.300 1.300-6.300L3 9.700 9.200 9z",
  question: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.700.400-1 .900-1 1.700M12 17v.01",
};

export function Icon({ name, ...rest }: { name: string } & JSX.SVGAttributes<SVGSVGElement>) {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.700" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" {...rest}>
      <path d={PATHS[name] ?? ""} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <g fill="none" stroke="var(--bg)" stroke-width="2" stroke-linecap="round">
        <path d="M6 10h20M9 16h14M12 22h8" />
      </g>
      <circle cx="16" cy="27" r="1.600" fill="#f0b35d" />
    </svg>
  );
}
