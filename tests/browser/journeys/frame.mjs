// What surrounds the pages: the search of the top bar, and a day that is chosen from the calendar.
// `given`: { login, password, case }.

import { logIn } from './steps.mjs';

export default async function frame(on) {
  const { case: id } = on.given;
  await logIn(on);
  await on.fill('.find input', 'انجمن');
  await on.press('.find button', 'found', /text=/);
  await on.sees('main', 'انجمن');

  await on.open(`/cases/${id}/do/fill`, 'form');
  const input = '[id="v.visited"]';
  const value = () => on.page.locator(input).inputValue();
  const is = async (wanted) => {
    const has = await value();
    if (has !== wanted) throw new Error(`the input has «${has}» and not «${wanted}»`);
  };
  const fa = on.run.language === 'fa';

  // The first day of a year that begins on a Wednesday, with its name.
  await on.fill(input, fa ? '1403/01/01' : '2024-03-20');
  await on.press('.day-open', 'calendar', 'dialog.days td[data-day]');
  await on.sees('.days-head h2', fa ? 'فروردین ۱۴۰۳' : 'March 2024');
  await on.page.locator('dialog.days td:focus').waitFor();
  await on.sees('dialog.days td:focus', fa ? 'نوروز' : 'Nowruz');

  // A day and a week later, as the page runs; beyond the end, the month follows.
  await on.type(fa ? 'ArrowLeft' : 'ArrowRight', 'a day later', 'dialog.days td[data-day="2024-03-21"]:focus');
  await on.type('ArrowDown', 'a week later', 'dialog.days td[data-day="2024-03-28"]:focus');
  await on.type('Home', 'the week begins', 'dialog.days td[data-day="2024-03-23"]:focus');
  await on.type('End', 'the week ends', 'dialog.days td[data-day="2024-03-29"].off:focus');
  await on.type('PageDown', 'a month later', fa ? 'td[data-day="2024-04-29"]:focus' : 'td[data-day="2024-04-29"]:focus');
  await on.type('Shift+PageUp', 'a year before', '.days-head h2:has-text("' + (fa ? '۱۴۰۲' : '2023') + '")');
  await on.page.locator('dialog.days td:focus').waitFor();
  await on.page.keyboard.press('Escape');
  await on.page.locator('.day-open:focus').waitFor();
  await is(fa ? '1403/01/01' : '2024-03-20');

  await on.page.keyboard.press('Enter');
  await on.page.locator('dialog.days td:focus').waitFor();
  await on.page.keyboard.press(fa ? 'ArrowLeft' : 'ArrowRight');
  await on.page.locator('dialog.days td[data-day="2024-03-21"]:focus').waitFor();
  await on.page.keyboard.press('Enter');
  await is(fa ? '۱۴۰۳/۰۱/۰۲' : '2024-03-21');

  // By mouse, in the month after.
  await on.page.locator('.day-open').first().click();
  await on.press('dialog.days [data-way="month-after"]', 'the month after', '.days-head h2:has-text("' + (fa ? 'اردیبهشت' : 'April') + '")');
  await on.page.locator('dialog.days td[data-day="2024-04-25"]').click();
  await is(fa ? '۱۴۰۳/۰۲/۰۶' : '2024-04-25');
}
