// A manager looks at how the year goes, at where the days went, and at the cases behind a number.
// `given`: { login, password, year, nation }.

import { logIn } from './steps.mjs';

export default async function dashboard(on) {
  const { year, nation } = on.given;
  await logIn(on);
  await on.press('.side a[href="/dashboard"]', 'this year', '.lead');
  await on.open(`/dashboard?year=${year}`, 'dashboard');
  if (on.run.script) {
    await on.page.locator('[data-chart=columns] svg rect.on-time:not([height="0"])').first().waitFor();
    if (nation) await on.page.locator('[data-chart=map] svg g.is-late, [data-chart=map] svg g.is-done, [data-chart=map] svg g.is-near').first().waitFor();
    await on.look('dashboard drawn');
  }
  const number = on.page.locator('.facts.counts a[href^="/cases?"]').first();
  const told = (await number.innerText()).trim();
  await on.press('.facts.counts a[href^="/cases?"]', 'cases behind it', '.count');
  await on.sees('.count', told);
  await on.press('.chosen a', 'one filter less', '.count');
  await on.open(`/dashboard?year=${year}`, 'dashboard again');
  await on.choose('#month', '3');
  await on.press('.filters button', 'one month', /month=3/);
  await on.press('nav.tabs a[href^="/dashboard/work"]', 'work and delays', '#lost');
  await on.open(`/dashboard/work?year=${year}`, 'work of the year');
  await on.press('#load + div a[href^="/cases?"]', 'cases of an officer', '.rows');
  await on.press('.rows .case', 'a case', 'article.case');

  // The list itself: filters, orders, what cannot be read.
  await on.open('/cases', 'cases');
  await on.press('.rows thead a[href*="order=deadline"]', 'by deadline', /order=deadline/).catch((fault) => {
    // On a phone rows are cards, and heads of columns are for those who hear them.
    if (!on.run.phone) throw fault;
  });
  await on.open('/cases', 'cases again');
  await on.choose('#state', 'late');
  await on.press('.filters > button', 'late cases', '.chosen');
  await on.open('/cases?received=last+year', 'what cannot be read', { status: 422 });
  await on.sees('#received-fault', on.run.language === 'fa' ? 'ماه شمسی' : 'Jalali year');
}
