// One walk through a journey, and what is looked after on every page of it.
//
// A page in the report: { name, url, bytes, ms, resources }: all that the page weighs with everything it loads, cached or not,
// and how long the server took for the document. A fault: { page, kind, detail, picture }, of these kinds:
//
//   accessibility  axe finds a violation of WCAG 2.2 AA
//   console        the page reports an error, or a script of it fails
//   policy         something breaks the content security policy
//   elsewhere      something is asked of another host
//   answer         an answer of 400 or above that the journey did not expect
//   weight         the page is heavier than allowed
//   sideways       the page scrolls sideways
//   language       the language, the direction, the title or the heading of the page are not as they should be
//   step           the journey cannot go on

import { mkdirSync } from 'node:fs';

const HEAVIEST = 200 * 1024;
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
// How long something may take to appear; the machine may be busy with other tests.
const PATIENCE = 20_000;

export class Walk {
  constructor(browser, axe, plan, run) {
    Object.assign(this, { browser, axe, plan, run, given: run.given ?? {} });
    this.pages = [];
    this.faults = [];
    this.at = 'begin';
    this.expected = new Set();
    this.reported = new Set();
    this.pictures = [];
  }

  // Walks the journey to its end, or to where it cannot go on.
  async through(journey) {
    const { run } = this;
    this.context = await this.browser.newContext({
      baseURL: this.plan.address,
      locale: run.language === 'fa' ? 'fa-IR' : 'en-GB',
      timezoneId: 'Asia/Tehran',
      colorScheme: run.theme,
      reducedMotion: 'reduce',
      viewport: { width: run.width, height: run.height },
      deviceScaleFactor: this.given.scale ?? 1,
      isMobile: run.phone,
      hasTouch: run.phone,
      javaScriptEnabled: run.script,
    });
    this.context.setDefaultTimeout(PATIENCE);
    await this.watch();
    this.page = await this.context.newPage();
    this.page.on('dialog', (dialog) => dialog.accept());
    try {
      await journey(this);
    } catch (error) {
      this.fault('step', String(error.message ?? error));
    }
    await Promise.allSettled(this.pictures);
    await this.context.close();
    return { name: run.name, pages: this.pages, faults: this.faults };
  }

  // Hears everything that a page says and asks for.
  async watch() {
    const { context } = this;
    await context.exposeBinding('__breaks', (_, told) => this.fault('policy', told));
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (breach) =>
        window.__breaks(`${breach.effectiveDirective}: ${breach.blockedURI} ${breach.sample}`.trim()),
      );
    });
    context.on('console', (message) => {
      const text = message.text();
      // What did not load is told by its request or its answer, and what the policy forbids by the policy.
      const told = /^Failed to load resource|TypeError: Failed to fetch|Content Security Policy/.test(text);
      if (message.type() === 'error' && !told) this.fault('console', text);
    });
    context.on('weberror', (error) => this.fault('console', String(error.error())));
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (/^https?:|^wss?:/.test(url.protocol) && url.origin !== this.plan.address) {
        this.fault('elsewhere', request.url());
      }
    });
    context.on('requestfailed', (request) => {
      // Whoever goes on to another page gives up what the last one still waits for.
      const why = request.failure()?.errorText;
      const ours = new URL(request.url()).origin === this.plan.address;
      if (ours && why !== 'net::ERR_ABORTED') this.fault('answer', `${why} for ${request.method()} ${request.url()}`);
    });
    context.on('response', (response) => {
      const status = response.status();
      if (status >= 400 && !this.expected.has(status)) {
        this.fault('answer', `${status} for ${response.request().method()} ${response.url()}`);
      }
    });
  }

  // A fault is told once a page, with a picture of it.
  fault(kind, detail) {
    const page = this.at;
    const key = `${page} ${kind} ${detail}`;
    if (this.reported.has(key)) return;
    this.reported.add(key);
    const fault = { page, kind, detail, picture: null };
    this.faults.push(fault);
    const taken = this.picture(`${page}-${kind}`);
    this.pictures.push(taken.then((path) => (fault.picture = path)));
  }

  async picture(name) {
    mkdirSync(this.plan.folder, { recursive: true });
    const path = `${this.plan.folder}/${this.run.name}-${name}.png`;
    await this.page.screenshot({ path, fullPage: true, timeout: 5_000 });
    return path;
  }

  // --- What a journey does.

  // Goes to an address and looks at the page.
  async open(path, name, { status = 200 } = {}) {
    this.at = name;
    this.expected = new Set([status]);
    const answer = await this.page.goto(path);
    if (answer.status() !== status) throw new Error(`${path} answers ${answer.status()}, not ${status}`);
    await this.look(name);
  }

  // Presses something and looks at what comes of it, as soon as `until` can be seen: a selector, or a pattern of the
  // address. `status` is that of an answer which is no error here.
  async press(selector, name, until, { status } = {}) {
    this.expected = new Set([status]);
    const pressed = this.page.locator(selector).first();
    this.at = name;
    await pressed.click();
    await this.reach(until);
    await this.look(name);
  }

  // Presses a key, likewise.
  async type(key, name, until) {
    this.expected = new Set();
    this.at = name;
    await this.page.keyboard.press(key);
    await this.reach(until);
    await this.look(name);
  }

  async reach(until) {
    if (until instanceof RegExp) await this.page.waitForURL(until);
    else await this.page.locator(until).first().waitFor();
  }

  async fill(selector, text) {
    await this.page.locator(selector).first().fill(text);
  }

  async choose(selector, value) {
    await this.page.locator(selector).first().selectOption(value);
  }

  async check(selector) {
    await this.page.locator(selector).first().check();
  }

  // A file from the journey's own bytes, as base64: nothing is read from this machine.
  async attach(selector, { name, type, bytes }) {
    const file = { name, mimeType: type, buffer: Buffer.from(bytes, 'base64') };
    await this.page.locator(selector).first().setInputFiles(file);
  }

  // The words that stand somewhere.
  async words(selector) {
    return (await this.page.locator(selector).first().innerText()).trim();
  }

  async sees(selector, text) {
    const words = await this.words(selector);
    if (!words.includes(text)) throw new Error(`${selector} does not say «${text}» but «${words.slice(0, 300)}»`);
  }

  async lacks(selector) {
    const count = await this.page.locator(selector).count();
    if (count > 0) throw new Error(`${selector} is there ${count} times, and should not be`);
  }

  // --- What is looked after on every page.

  async look(name) {
    await this.page.waitForLoadState('load');
    // What htmx is about to put in place is there before anything is judged.
    await this.page.locator('.htmx-request, .htmx-swapping, .htmx-settling').first().waitFor({ state: 'detached' });
    const { language, script } = this.run;
    const seen = await this.page.evaluate(async () => {
      await document.fonts.ready;
      const [document_] = performance.getEntriesByType('navigation');
      const resources = performance.getEntriesByType('resource');
      const weigh = (entry) => entry.encodedBodySize;
      const root = document.documentElement;
      return {
        url: location.pathname + location.search,
        bytes: resources.map(weigh).reduce((sum, one) => sum + one, weigh(document_)),
        ms: Math.round(document_.responseEnd - document_.requestStart),
        resources: resources.map((entry) => `${weigh(entry)} ${new URL(entry.name).pathname}`),
        wide: root.scrollWidth - root.clientWidth,
        widest: [...document.body.querySelectorAll('*')]
          .filter((element) => {
            const { left, right } = element.getBoundingClientRect();
            return element.checkVisibility() && (left < -1 || right > root.clientWidth + 1);
          })
          .slice(0, 3)
          .map((element) => element.outerHTML.slice(0, 120)),
        language: root.lang,
        direction: getComputedStyle(root).direction,
        title: document.title.trim(),
        headings: document.querySelectorAll('h1').length,
      };
    });
    const { wide, widest, language: lang, direction, title, headings, ...page } = seen;
    this.pages.push({ name, ...page });
    if (page.bytes > HEAVIEST) {
      this.fault('weight', `${page.bytes} bytes, more than ${HEAVIEST}: ${page.resources.join(', ')}`);
    }
    if (wide > 0) this.fault('sideways', `${wide} pixels too wide: ${widest.join(' … ')}`);
    if (lang !== language) this.fault('language', `lang="${lang}", not "${language}"`);
    if (direction !== (language === 'fa' ? 'rtl' : 'ltr')) this.fault('language', `runs ${direction}`);
    if (title === '') this.fault('language', 'has no title');
    if (headings !== 1) this.fault('language', `has ${headings} headings of the first level`);
    if (script) await this.judge();
    if (this.plan.keep) await this.picture(name);
  }

  async judge() {
    const { width, height } = this.run;
    const whole = () => this.page.evaluate(() => document.documentElement.scrollHeight);
    // By the protocol of the developer's tools, which no content security policy concerns.
    await this.page.evaluate(this.axe);
    let [found, seen] = [[], height];
    // As high as the page: what merely lies under a bar that stays is no fault of its size. A row that comes in
    // meanwhile makes it higher; then it is looked at again. What is too wide for a phone grows with the window.
    for (let turn = 0; turn < 3; turn++) {
      seen = Math.max(seen, await whole());
      if (seen > height) await this.page.setViewportSize({ width, height: seen });
      found = await this.violations();
      const now = await whole();
      if (now <= seen || now > 1.5 * seen) break;
    }
    if (seen > height) await this.page.setViewportSize({ width, height });
    for (const { id, help, where, count } of found) {
      this.fault('accessibility', `${id} (${help}), ${count} times: ${where.join(' | ')}`);
    }
  }

  violations() {
    return this.page.evaluate(async (rules) => {
      const { violations } = await window.axe.run(document, { runOnly: { type: 'tag', values: rules }, resultTypes: ['violations'] });
      return violations.map(({ id, help, nodes }) => ({
        id,
        help,
        where: nodes.slice(0, 3).map((node) => `${node.target.join(' ')}: ${node.failureSummary.split('\n').slice(1).join(';')}`),
        count: nodes.length,
      }));
    }, RULES);
  }
}
