// Walks a journey through the screens in a real browser.
//
// run.mjs MODULES: takes a plan as JSON on its standard input, prints a report as JSON. MODULES is where npm has put
// what it needs. The plan:
//
//   journey   the file in journeys/ whose default export is walked: async (on) => {…}
//   chromium  the browser's program
//   address   where the service is, without a path
//   folder    where pictures of what failed go
//   keep      whether to keep a picture of every page, in `folder` too
//   at_once   how many runs at the same time
//   runs      [{ name, language, width, height, phone, theme, script, given }]: the same journey, seen differently
//
// The report: { runs: [{ name, pages: […], faults: […] }] }, a page and a fault as page.mjs says.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { Walk } from './page.mjs';

const [modules] = process.argv.slice(2);
const need = createRequire(`${modules}/`);
const { chromium } = need('playwright-core');
const axe = readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');

const plan = JSON.parse(readFileSync(0, 'utf8'));
const { default: journey } = await import(`./journeys/${plan.journey}.mjs`);

const browser = await chromium.launch({
  executablePath: plan.chromium,
  // Nothing is found but what the test itself serves: also not by the browser's own wishes.
  args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--disable-gpu'],
});
const waiting = [...plan.runs.entries()];
const reports = [];
const walkers = Array.from({ length: plan.at_once }, async () => {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [place, run] = next;
    reports[place] = await new Walk(browser, axe, plan, run).through(journey);
  }
});
await Promise.all(walkers);
await browser.close();
process.stdout.write(JSON.stringify({ browser: browser.version(), runs: reports }));
