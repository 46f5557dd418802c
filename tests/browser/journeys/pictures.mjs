// Opens every page and compares it with what is kept of it: what it says to who hears it, by language, and what it looks
// like, by language and theme, at half its size. `given`: { shots: [{ name, path, login }], password, kept, update, scale }.
//
// Codes, identifiers and times of day differ from one run to the next: their digits are zeros here. So are those of
// the days around the real one, and of those until when a draft is kept: the tests' own clock stands still elsewhere.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

// Parts of a picture, of so many points on each side.
const PART = 16;
// A part differs whose mean colour does by more than this, of 255.
const FAR = 26;
// As many parts may: letters that the shipped font lacks are drawn by each machine in its own way.
const MOST = 10;
// How much of a page stands on a sheet of A4 between its margins, in CSS pixels.
const SHEET = 673;
// What a case's identifier makes of the number of a licence.
const NUMBER = '[0-9A-Z]{5}-[0-9A-Z]{5}';

// In the page: stills what differs. Of a page that tells what a machine measures every number does; how often
// somebody has come in is told by how many walk at the same time.
function still({ name, number }) {
  const counts = name === 'admin-health';
  if (name === 'account-sessions') document.querySelectorAll('main li').forEach((one) => one.remove());
  const zeros = (text) => text.replace(/[0-9]/g, '0').replace(/[۰-۹]/g, '۰');
  for (const time of document.querySelectorAll('time')) {
    const about = time.dateTime ? Math.abs(Date.parse(time.dateTime) - Date.now()) : 0;
    if (about < 35 * 24 * 3600 * 1000) time.textContent = '0000';
  }
  const patterns = [
    /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
    // Hashes, and what is shown of them.
    /\b[0-9a-f]{12,64}\b/g,
    /\b([0-9a-f]{8} ?){8}/g,
    /[\dA-F۰-۹]{4}-[\dA-F۰-۹]{4}-[\dA-F۰-۹]{4}/g,
    /[\d۰-۹]{1,2}:[\d۰-۹]{2}(:[\d۰-۹]{2})?/g,
    // What a machine measures.
    /[\d۰-۹]+([.,٫][\d۰-۹]+)? ?(ms|MB|GB|میلی‌ثانیه|مگابایت|گیگابایت)/g,
  ];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (counts) node.data = node.data.replace(/[0-9]+/g, '0').replace(/[۰-۹]+/g, '۰');
    const known = node.data.replace(new RegExp(number, 'g'), '00000-00000');
    const text = patterns.reduce((text, pattern) => text.replace(pattern, (found) => zeros(found).replace(/[a-fA-F]/g, '0')), known);
    if (text !== node.data) node.data = text;
  }
  document.activeElement?.blur();
  scrollTo(0, 0);
}

// In a page of its own: a picture as WebP, in base64.
async function packed(png) {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d').drawImage(image, 0, 0);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.55 })).arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

// In a page of its own: how many parts of two pictures differ, and by how much the most.
async function compared({ kept, now, part, far }) {
  const points = async (webp) => {
    const image = await createImageBitmap(await (await fetch(`data:image/webp;base64,${webp}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [one, other] = [await points(kept), await points(now)];
  if (one.width !== other.width || one.height !== other.height) return { parts: Infinity, most: 255 };
  let [parts, most] = [0, 0];
  for (let top = 0; top < one.height; top += part) {
    for (let left = 0; left < one.width; left += part) {
      const sums = [0, 0, 0, 0, 0, 0];
      let count = 0;
      for (let y = top; y < Math.min(top + part, one.height); y++) {
        for (let x = left; x < Math.min(left + part, one.width); x++) {
          const at = 4 * (y * one.width + x);
          for (let colour = 0; colour < 3; colour++) {
            sums[colour] += one.data[at + colour];
            sums[colour + 3] += other.data[at + colour];
          }
          count++;
        }
      }
      const differs = Math.max(...[0, 1, 2].map((colour) => Math.abs(sums[colour] - sums[colour + 3]) / count));
      most = Math.max(most, differs);
      if (differs > far) parts++;
    }
  }
  return { parts, most: Math.round(most) };
}

export default async function pictures(on) {
  const { shots, password, kept, update } = on.given;
  const { language, theme } = on.run;
  const apart = await on.context.newPage();
  mkdirSync(kept, { recursive: true });
  let inside = null;
  for (const { name, path, login } of shots) {
    on.at = name;
    on.expected = new Set();
    if (login !== inside) {
      await on.context.clearCookies({ name: 'parvaneh' });
      if (login) {
        await on.page.goto('/login');
        await on.fill('#login', login);
        await on.fill('#password', password);
        await on.page.locator('form[action="/login"] button.main').click();
        await on.page.waitForURL((url) => url.pathname !== '/login');
      }
      inside = login;
    }
    const answer = await on.page.goto(path);
    if (answer.status() !== 200) {
      on.fault('answer', `${answer.status()} for ${path}`);
      continue;
    }
    await on.page.waitForLoadState('load');
    await on.page.evaluate(() => document.fonts.ready);
    await on.page.evaluate(still, { name, number: NUMBER });

    // What somebody hears is the same by day and by night.
    if (theme === 'light') {
      const told = await on.page.locator('body').ariaSnapshot();
      const heard = `${told.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID').replace(new RegExp(NUMBER, 'g'), '00000-00000')}\n`;
      const file = `${kept}/${name}.${language}.yaml`;
      const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
      if (update) {
        if (heard !== before) writeFileSync(file, heard);
      } else if (before === null) {
        on.fault('snapshot', 'nothing is kept of this page: PARVANEH_UPDATE=1 keeps it');
      } else if (heard !== before) {
        const [was, is] = [before.split('\n'), heard.split('\n')];
        const at = is.findIndex((line, number) => line !== was[number]);
        on.fault('snapshot', `line ${at + 1} says «${(is[at] ?? '').trim()}» and not «${(was[at] ?? '').trim()}»`);
      }
    }

    const now = await apart.evaluate(packed, (await on.page.screenshot()).toString('base64'));
    const file = `${kept}/${name}.${language}.${theme}.webp`;
    const before = existsSync(file) ? readFileSync(file).toString('base64') : null;
    const differs = before === null ? null : await apart.evaluate(compared, { kept: before, now, part: PART, far: FAR });
    const same = differs !== null && differs.parts <= MOST;
    if (update) {
      // What looks the same stays as it is: a change of the repository is one that can be seen.
      if (differs === null || differs.parts > 0) writeFileSync(file, Buffer.from(now, 'base64'));
    } else if (differs === null) {
      on.fault('snapshot', 'no picture is kept of this page: PARVANEH_UPDATE=1 keeps one');
    } else if (!same) {
      on.fault('snapshot', `looks otherwise in ${differs.parts} parts, the farthest by ${differs.most} of 255`);
    }
    on.pages.push({ name, url: path, bytes: Math.round((now.length * 3) / 4), ms: 0 });

    // On a sheet of paper nothing runs over the edge.
    if (theme === 'light' && language === 'fa') {
      await on.page.emulateMedia({ media: 'print' });
      const size = on.page.viewportSize();
      await on.page.setViewportSize({ width: SHEET, height: 950 });
      const wide = await on.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) on.fault('sideways', `${wide} pixels too wide for a sheet of A4`);
      await on.page.setViewportSize(size);
      await on.page.emulateMedia({ media: null });
    }
  }
}
