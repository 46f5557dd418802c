// Somebody makes an account by a code in a mail, and looks where a file is by its tracking code.
// `given`: { email, folder, code, proof }: mails are put into the folder, each code in a file called as its address.

import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

async function mailed(folder, email) {
  for (let tries = 0; tries < 200; tries++) {
    if (existsSync(`${folder}/${email}`)) return readFileSync(`${folder}/${email}`, 'utf8').trim();
    await pause(100);
  }
  throw new Error(`no mail has come to ${email}`);
}

export default async function entry(on) {
  const { email, folder, code, proof } = on.given;
  await on.open('/login', 'login');
  await on.press('a[href^="/enter"]', 'address', '#email');
  await on.fill('#email', 'nobody');
  await on.press('main button.main', 'no address', '#email-fault', { status: 422 });
  await on.fill('#email', email);
  await on.press('main button.main', 'code', '#code');
  await on.fill('#code', '1');
  await on.press('main button.main', 'wrong code', '#code-fault', { status: 422 });
  await on.fill('#code', await mailed(folder, email));
  await on.press('main button.main', 'account', '#identifier');
  await on.fill('#name', 'سارا رضایی');
  await on.fill('#identifier', '0010350828');
  await on.press('main button.main', 'wrong digit', 'a[href="#identifier"]', { status: 422 });
  await on.fill('#identifier', '۰۰۱۰۳۵۰۸۲۹');
  await on.press('main button.main', 'my applications', /\/my$/);

  await on.context.clearCookies();
  await on.open('/track', 'track');
  await on.fill('#code', code);
  await on.fill('#proof', '0000');
  await on.press('main button.main', 'not found', '#faults', { status: 422 });
  await on.fill('#code', code);
  await on.fill('#proof', proof);
  await on.press('main button.main', 'found', 'dl.times');
}
