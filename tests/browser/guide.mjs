// The pictures of README and docs/guide, of a demo that runs.
//
// guide.mjs MODULES CHROMIUM ADDRESS PASSWORD FOLDER

import { createRequire } from 'node:module';
import { mkdirSync, writeFileSync } from 'node:fs';

const [modules, program, address, password, folder] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)('playwright-core');
const browser = await chromium.launch({ executablePath: program, args: ['--disable-gpu'] });
mkdirSync(folder, { recursive: true });

// A page of its own for packing: WebP says the same as PNG in a quarter of the bytes.
const apart = await (await browser.newContext()).newPage();

async function keep(page, name) {
  await page.waitForLoadState('load');
  await page.locator('.htmx-request, .htmx-swapping, .htmx-settling').first().waitFor({ state: 'detached' });
  await page.evaluate(() => document.fonts.ready);
  const png = (await page.screenshot()).toString('base64');
  const webp = await apart.evaluate(async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext('2d').drawImage(image, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.85 })).arrayBuffer());
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }, png);
  writeFileSync(`${folder}/${name}.webp`, Buffer.from(webp, 'base64'));
  console.log(name);
}

// Comes in as somebody, and walks.
async function as(login, { language = 'fa', theme = 'light', phone = false, height = 800 }, walk) {
  const context = await browser.newContext({
    baseURL: address,
    locale: language === 'fa' ? 'fa-IR' : 'en-GB',
    timezoneId: 'Asia/Tehran',
    colorScheme: theme,
    reducedMotion: 'reduce',
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height },
    deviceScaleFactor: phone ? 2 : 1.5,
    isMobile: phone,
    hasTouch: phone,
  });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  if (login) {
    await page.goto('/login');
    await page.locator('#login').fill(login);
    await page.locator('#password').fill(password);
    await page.locator('form[action="/login"] button.main').click();
    await page.waitForURL((url) => url.pathname !== '/login');
  }
  await walk(page, (name) => keep(page, name));
  await context.close();
}

// Pages that are there; a page that is none yet has no picture.
async function open(page, path) {
  const answer = await page.goto(path);
  return answer.status() === 200;
}

const caseOf = async (page) => {
  await page.goto('/worklist?order=statutory');
  return (await page.locator('#worklist .case').first().getAttribute('href')).split('?')[0];
};

await as('county_officer', {}, async (page, keep) => {
  await page.goto('/worklist');
  await keep('officer-worklist');
  const address = await caseOf(page);
  await page.goto(address);
  await keep('officer-case');
  await page.goto(`${address}/timeline`);
  await keep('officer-timeline');
  await page.goto(`${address}/clocks/0`);
  await keep('officer-deadline');
  await page.goto(`${address}/workflow`);
  await keep('officer-workflow');
});
await as('county_officer', { language: 'en', theme: 'dark' }, async (page, keep) => {
  await page.goto(await caseOf(page));
  await keep('officer-case-en-dark');
});
await as('county_officer', { phone: true }, async (page, keep) => {
  await page.goto('/worklist');
  await keep('phone-worklist');
  await page.goto(await caseOf(page));
  await keep('phone-case');
});
await as('manager', { height: 1000 }, async (page, keep) => {
  if (await open(page, '/dashboard?year=1403')) await keep('manager-dashboard');
  if (await open(page, '/cases')) await keep('manager-cases');
});
await as('auditor', {}, async (page, keep) => {
  if (await open(page, '/audit')) await keep('auditor-desk');
});
await as('administrator', {}, async (page, keep) => {
  if (await open(page, '/admin/calendars/ir')) await keep('admin-calendar');
  if (await open(page, '/admin/workflows')) await keep('admin-workflows');
});
await as(null, {}, async (page, keep) => {
  if (await open(page, '/licences')) await keep('applicant-licences');
});
await as('applicant', {}, async (page, keep) => {
  if (await open(page, '/my')) await keep('applicant-cases');
});
await browser.close();
