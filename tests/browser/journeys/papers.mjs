// A case with a form and papers: filled in with a fault and without, papers handed in and looked at, the clock stopped and
// extended, the licence granted. `given`: { login, password, case }.

import { PDF, PNG, doIt, logIn } from './steps.mjs';

export default async function papers(on) {
  const { case: id } = on.given;
  const at = (rest) => `/cases/${id}${rest}`;
  await logIn(on);

  await on.open(at('/do/fill'), 'form');
  await on.fill('[id="v.capital"]', 'much');
  await on.press('button[value=do]', 'form with a fault', '[id="v.capital-fault"]', { status: 422 });
  await on.fill('[id="v.capital"]', '۲٬۵۰۰٬۰۰۰');
  await on.fill('[id="v.visited"]', '1403/01/30');
  await on.check('[name="v.scope"][value=province]');
  await doIt(on, 'form filled in');
  await on.sees('dl.facts', on.run.language === 'fa' ? '۲٬۵۰۰٬۰۰۰ ریال' : '2,500,000 rials');

  await on.open(at('/documents'), 'papers asked for');
  await on.press('#tab a[href$="/do/attach.charter"]', 'hand in', '#doing form');
  await on.press('button[value=do]', 'without a file', '[id="p.charter-fault"]', { status: 422 });
  // A file that cannot be taken is told beside its input.
  await on.attach('[id="p.charter"]', { name: 'charter.exe', type: 'application/pdf', bytes: 'TVqQAAMAAAAEAAAA' });
  await on.press('button[value=do]', 'a file that is not taken', '[id="p.charter-fault"]', { status: 415 });
  await on.attach('[id="p.charter"]', { name: 'اساسنامه.png', type: 'image/png', bytes: PNG });
  await doIt(on, 'handed in');
  await on.open(at('/documents'), 'papers');
  await on.press('details.preview summary', 'preview', 'details.preview img');

  await on.open(at('/do/attach.record'), 'hand in with a day');
  await on.attach('[id="p.record"]', { name: 'record.pdf', type: 'application/pdf', bytes: PDF });
  await on.fill('[id="issued.record"]', '۱۴۰۳/۰۱/۲۰');
  await doIt(on, 'handed in with a day');
  await on.open(at('/do/verify.record'), 'verify');
  await on.check('[name=good][value=yes]');
  await doIt(on, 'verified');

  await on.open(at('/do/suspend'), 'stop the clocks');
  await on.fill('#reason', 'A flood has closed the roads');
  await on.press('button[value=look]', 'clocks would stop', '#consequences li');
  await doIt(on, 'clocks stopped');
  await on.open(at('/clocks/0'), 'deadline while stopped');
  await on.open(at('/do/resume'), 'run again');
  await doIt(on, 'clocks run');
  await on.open(at('/do/extend.0'), 'extend');
  await on.fill('#count', '۵');
  await on.fill('#reason', 'The laboratory asked for time');
  await on.press('button[value=look]', 'deadline would move', '#consequences li');
  await doIt(on, 'extended');

  await on.open(at('/do/comment'), 'comment');
  await on.fill('#text', 'همه چیز درست است');
  await doIt(on, 'commented');
  await on.open(at('/do/act.grant'), 'grant');
  await doIt(on, 'granted');
  await on.open(at('/timeline'), 'story');
  await on.open(at('/do/act.grant'), 'no more', { status: 409 });
}
