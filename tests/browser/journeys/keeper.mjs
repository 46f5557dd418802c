// A keeper of the calendar closes an office for two days: he touches them in the year, sees which deadlines move, closes, and
// takes the second day back. `given`: { login, password, unit, days }.

import { logIn } from './steps.mjs';

// The bar goes on by itself; without scripts one looks again.
async function finished(on) {
  for (let again = 0; again < 40 && (await on.page.locator('#progress .mark.done').count()) === 0; again += 1) {
    await on.page.waitForTimeout(500);
    if (!on.run.script) await on.page.reload();
  }
  await on.sees('#progress', '✓');
}

export default async function keeper(on) {
  const { unit, days } = on.given;
  const year = `/admin/calendars/ir?unit=${unit}`;
  await logIn(on);
  await on.open('/admin', 'administration');
  await on.press('a.card[href="/admin/calendars"]', 'calendars', 'article.admin table.rows');
  await on.open(year, 'the year');

  // Nothing is touched yet.
  await on.press('#closing button[value=look]', 'nothing touched', '#faults', { status: 422 });
  await on.press('#faults a[href="#reason"]', 'to the reason', /#reason$/);
  for (const day of days) await on.check(`input[name=day][value="${day}"]`);
  await on.fill('#reason', 'Snow');
  await on.press('#closing button[value=look]', 'what moves', 'table.moved');
  await on.press('button[value=change]', 'changed again', `input[name=day][value="${days[0]}"]:checked`);
  await on.press('#closing button[value=look]', 'what moves again', '#counts');
  await on.press('button[value=close]', 'closed', '#progress');
  await finished(on);
  await on.open(year, 'the year with closed days');
  await on.sees('.month td.closed', '✕');

  // The second day is taken back.
  await on.open(`/admin/calendars/ir/closures?unit=${unit}`, 'closures');
  await on.press('tbody tr:last-child a[href$="/withdrawal"]', 'take back', '#reason');
  await on.press('form.ask button.main', 'without a reason', '#reason-fault', { status: 422 });
  await on.fill('#reason', 'The snow has melted');
  await on.press('form.ask button.main', 'taken back', '#progress');
  await finished(on);
  await on.open(`/admin/calendars/ir/closures?unit=${unit}&all=1`, 'all closures');
  await on.sees('tbody tr:last-child', '↺');
}
