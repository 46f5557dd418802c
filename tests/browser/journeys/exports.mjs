// An auditor asks for an export, with a fault and without, waits for it, downloads it, and takes it back.
// `given`: { login, password }.

import { logIn } from './steps.mjs';

export default async function exportsOf(on) {
  await logIn(on);
  await on.open('/exports', 'exports');
  await on.fill('#reason', '  x ');
  await on.press('.sheet button.main', 'exports-wrong', '#reason-fault', { status: 422 });
  await on.fill('#reason', 'Annual audit');
  await on.press('.sheet button.main', 'export-begun', '#progress');
  // Without a script one looks again.
  for (let look = 0; look < 20 && !(await on.page.$('#progress a[download]')); look++) {
    await on.page.waitForTimeout(500);
    if (!on.run.script) await on.page.reload();
  }
  const [download] = await Promise.all([on.page.waitForEvent('download'), on.page.click('#progress a[download]')]);
  if (!download.suggestedFilename().endsWith('.csv')) throw new Error(download.suggestedFilename());
  await on.press('details.confirm > summary', 'export-cancel-asked', 'details.confirm[open]');
  await on.press('details.confirm button.danger', 'exports-after', '.items');
}
