// Somebody looks after his own account: changes the password, ends a session, makes and revokes a token, chooses how he is told,
// lends a role, and sets up the second step with an app. `given`: { login, password, other, to }.

import { createHmac } from 'node:crypto';

import { logIn } from './steps.mjs';

// What an app shows for a secret now (RFC 6238).
function code(secret) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((one) => letters.indexOf(one).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const tag = createHmac('sha1', key).update(step).digest();
  const at = tag[19] & 15;
  return String((tag.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export default async function account(on) {
  const { login, password, other, to } = on.given;
  await logIn(on);
  await on.open('/account', 'account');
  await on.sees('.facts', login);

  await on.press('.parts a[href="/account/password"]', 'password', '#current');
  await on.fill('#current', 'not the password');
  await on.fill('#password', other);
  await on.fill('#again', other);
  await on.press('.fields button', 'password-wrong', '#current-fault', { status: 422 });
  await on.fill('#current', password);
  await on.fill('#password', other);
  await on.fill('#again', other);
  await on.press('.fields button', 'password-changed', '.told');

  // He is logged in elsewhere too, and ends that.
  const body = JSON.stringify({ login, password: other });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${on.plan.address}/api/v1/session`, { method: 'POST', headers, body });
  if (answer.status !== 200) throw new Error(`the other browser is answered ${answer.status}`);
  await on.press('.parts a[href="/account/sessions"]', 'sessions', '.items li:not(.current) summary');
  await on.press('.items li:not(.current) summary', 'end-session', '.items li:not(.current) button.danger');
  await on.press('.items li:not(.current) button.danger', 'session-ended', '.told');
  await on.lacks('.items li:not(.current)');

  await on.press('.parts a[href="/account/tokens"]', 'tokens', '#name');
  await on.fill('#name', 'درگاه شهرداری');
  await on.check('input[name=scopes][value=read]');
  await on.press('.fields button', 'token-made', '#made');
  await on.sees('#made', 'pv_');
  await on.open('/account/tokens', 'tokens-again');
  await on.lacks('#made');
  await on.press('.items summary', 'revoke-token', '.items button.danger');
  await on.press('.items button.danger', 'token-revoked', '.told');

  await on.press('.parts a[href="/account/notices"]', 'how-told', '#digest_at');
  await on.choose('#warning', 'at_once');
  await on.press('.fields button', 'how-told-kept', '.told');

  await on.press('.parts a[href="/account/lending"]', 'lending', '#lend-until');
  await on.choose('#lend-to', to);
  await on.fill('#lend-until', '1399/01/01');
  await on.fill('#lend-reason', 'مرخصی');
  await on.press('form[action$="/lending"]:has(#lend-to) button.main', 'lending-fault', '#lend-until-fault', { status: 422 });
  await on.fill('#lend-until', '۱۴۰۳/۰۶/۳۱');
  await on.press('form[action$="/lending"]:has(#lend-to) button.main', 'lent', '.told');

  await on.press('.parts a[href="/account/second-factor"]', 'second-step', '#password');
  await on.fill('#password', other);
  await on.press('.fields button', 'second-step-begun', 'svg.qr');
  const secret = (await on.words('#secret')).replace(/\s/g, '');
  await on.fill('#code', code(secret));
  await on.press('.fields button', 'recovery-codes', '.codes li');
  await on.press('a.main[href="/account/second-factor"]', 'second-step-on', '#remove-code');

  await on.open('/notices', 'notices');
  await on.open('/notices?unread=yes', 'notices-unread');
}
