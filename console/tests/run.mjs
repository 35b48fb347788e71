// Clicks through every view in headless Chromium: light and dark, desktop and phone. tests/console/console_test.py starts it, with a
// server that holds a trained shop and an empty one.
//   run.mjs --chromium PATH --server URL --empty URL [--console URL] [--screenshots DIRECTORY] [--only VIEW,...] [--modes MODE,...]
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { guidedStart } from "./start.mjs";
import { ServerApi } from "./server_api.mjs";
import { views } from "./views.mjs";

const MODES = {
  "desktop-light": { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  "desktop-dark": { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  "phone-light": { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
  "phone-dark": { viewport: { width: 390, height: 844 }, colorScheme: "dark", isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const { values: options } = parseArgs({
  options: {
    chromium: { type: "string" },
    server: { type: "string" },
    console: { type: "string" },
    empty: { type: "string" },
    screenshots: { type: "string" },
    only: { type: "string" },
    modes: { type: "string" },
  },
});
const origin = options.console ?? options.server;
const wanted = options.only?.split(",");
const failures = [];

/** What goes wrong in one view of one mode does not keep the others from being looked at. */
async function attempt(what, run) {
  try {
    await run();
  } catch (failure) {
    failures.push(what);
    console.log(`FAILED ${what}: ${failure.message.split("\n").filter((line) => !/^\S*\s+- /.test(line)).join("\n    ")}`);
  }
}

/** Serious and critical findings of axe, in words. */
async function findings(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  return result.violations
    .filter((violation) => violation.impact === "serious" || violation.impact === "critical")
    .map((violation) => `axe ${violation.impact} ${violation.id}: ${violation.help}; ${violation.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} (${node.failureSummary?.split("\n")[1]?.trim() ?? ""})`).join(" | ")}`);
}

/** Elements that stand out to the right of the page, which would make a phone scroll sideways. */
async function overflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return [];
    const wide = [...document.querySelectorAll("main *")].filter((element) => element.getBoundingClientRect().right > width + 1);
    return [`the page is ${document.documentElement.scrollWidth} px wide in a window of ${width}: ${wide.slice(0, 4).map((element) => `${element.tagName}.${element.className}`).join(", ")}`];
  });
}

export async function settle(page) {
  await page.waitForFunction(() => document.querySelector("main .skeleton") === null, undefined, { timeout: 15_000 });
  await page.evaluate(() => document.fonts.ready);
  // Animations end, so that colours are measured where they come to rest.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity).map((a) => a.finished.catch(() => undefined))));
}

async function openPage(browser, mode, base) {
  const context = await browser.newContext({ ...MODES[mode], reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()} (${message.location().url})`));
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  await page.goto(`${base}/console/`);
  return { context, page, problems };
}

async function look(page, what, { problems, isPhone }) {
  await settle(page);
  if (options.screenshots && !isPhone) {
    // The whole page in a window as tall as it: a screenshot beyond the window would draw what sticks to it in the wrong place.
    const before = page.viewportSize();
    const height = await page.evaluate(() => Math.min(2600, document.documentElement.scrollHeight));
    if (height > before.height) await page.setViewportSize({ width: before.width, height });
    mkdirSync(options.screenshots, { recursive: true });
    await page.screenshot({ path: `${options.screenshots}/${what.replaceAll(/[^a-z0-9-]+/g, "_")}.png` });
    await page.setViewportSize(before);
  } else if (options.screenshots) {
    mkdirSync(options.screenshots, { recursive: true });
    await page.screenshot({ path: `${options.screenshots}/${what.replaceAll(/[^a-z0-9-]+/g, "_")}.png` });
  }
  await attempt(what, async () => {
    const found = [...(await findings(page)), ...(isPhone ? await overflow(page) : []), ...problems.splice(0)];
    if (found.length > 0) throw new Error(found.join("\n    "));
  });
}

async function clickThrough(browser, mode) {
  const isPhone = mode.startsWith("phone");
  const { context, page, problems } = await openPage(browser, mode, origin);
  const server = new ServerApi(options.server);
  for (const view of views) {
    if (wanted && !wanted.includes(view.name)) continue;
    const what = `${mode} ${view.name}`;
    const begin = performance.now();
    await attempt(what, async () => {
      if (isPhone) await page.getByRole("button", { name: "Menu", exact: true }).click();
      await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view.title, exact: true }).click();
      await page.getByRole("heading", { level: 1, name: view.heading ?? view.title, exact: true }).waitFor();
      await settle(page);
      await view.check({ page, server, mode, isFirst: mode === modes[0], look: (part) => look(page, `${what} ${part}`, { problems, isPhone }) });
    });
    await look(page, what, { problems, isPhone });
    console.log(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  }
  await context.close();
}

const browser = await chromium.launch({ executablePath: options.chromium, args: ["--no-sandbox", "--disable-gpu", "--use-gl=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"] });
const modes = options.modes?.split(",") ?? Object.keys(MODES);
const begin = performance.now();
for (const mode of modes) await clickThrough(browser, mode);
if (!wanted || wanted.includes("start")) {
  const { context, page, problems } = await openPage(browser, modes[0], options.empty);
  await attempt("guided start", () => guidedStart(page, new ServerApi(options.empty), (part) => look(page, `guided-start ${part}`, { problems, isPhone: false })));
  await context.close();
}
await browser.close();
console.log(`${failures.length} failures in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
process.exit(failures.length === 0 ? 0 : 1);
