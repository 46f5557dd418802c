// A secretary plans a sitting of the commission, with a fault and without, looks at it, and cancels it.
// `given`: { login, password, day, shown }.

import { logIn } from './steps.mjs';

export default async function sittings(on) {
  await logIn(on);
  await on.press('.side a[href="/sittings"]', 'sittings', '.fields');
  await on.fill('[id="series-from"]', on.given.day);
  await on.fill('[id="series-time"]', '۲۵:۰۰');
  await on.fill('#place', 'Hall 1');
  await on.fill('#capacity', '۵');
  await on.press('.fields button.main', 'planned-wrong', '#series-time-fault', { status: 422 });
  await on.fill('[id="series-time"]', '۱۰:۰۰');
  await on.press('.fields button.main', 'planned', '.told');
  // Others plan theirs at the same time: his is that of his day.
  await on.press(`.listed tbody a:has-text("${on.given.shown}")`, 'sitting', '.facts');
  await on.press('details.sheet > summary', 'cancel-asked', '#reason');
  await on.fill('#reason', 'Too few members can come');
  await on.press('details.sheet button.main', 'cancelled', '.told');
  await on.open('/sittings?which=past', 'past');
}
