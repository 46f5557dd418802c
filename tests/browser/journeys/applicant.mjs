// An applicant's way: what a licence needs, the application question by question with a fault on the way, papers, the
// receipt; the office returns it, it is corrected, refused, and appealed against. `given`: { login, officer, password }.

import { PDF, PNG } from './steps.mjs';

const next = '.ask button.main';

async function comeIn(on, login, name, until) {
  await on.open('/login', `login of ${name}`);
  await on.fill('#login', login);
  await on.fill('#password', on.given.password);
  await on.press('form[action="/login"] button.main', name, until);
}

// The officer takes an action of the review, with a reason.
async function officer(on, id, action, reason) {
  await on.context.clearCookies();
  await comeIn(on, on.given.officer, `officer before ${action}`, /\/$/);
  await on.open(`/cases/${id}/do/act.${action}`, `officer: ${action}`);
  await on.fill('#reason', reason);
  if (action === 'refuse') await on.fill('#citation', '4');
  await on.press('#doing button[value=do]', `officer: ${action} done`, '#doing .done');
  await on.context.clearCookies();
  await comeIn(on, on.given.login, `back after ${action}`, /\/my$/);
}

export default async function applicant(on) {
  const fa = on.run.language === 'fa';
  await on.open('/licences', 'licences');
  await on.press('a[href="/licences/kiosk"]', 'what it needs', '#needs');
  await on.press('a[href="/apply/kiosk"]', 'login', /\/login/);
  await on.fill('#login', on.given.login);
  await on.fill('#password', on.given.password);
  await on.press('form[action="/login"] button.main', 'begin', 'form[action="/apply/kiosk"]');
  await on.press('form[action="/apply/kiosk"] button.main', 'questions', 'dl.answers');
  await on.press('.row a.main', 'province', /ask\/province$/);
  await on.press(next, 'province, not chosen', '#answer-fault', { status: 422 });
  await on.choose('#answer', '23');
  await on.press(next, 'office', /ask\/unit$/);
  await on.choose('#answer', '2301');
  await on.press(next, 'subject', /ask\/subject$/);
  await on.fill('#answer', fa ? 'دکهٔ میدان' : 'A kiosk on the square');
  await on.press(next, 'kind', /ask\/v\.kind$/);
  await on.check('input[name=answer][value=person]');
  await on.press(next, 'national id', /ask\/v\.owner_id$/);
  await on.fill('#answer', '۰۰۱۰۳۵۰۸۲۸');
  await on.press(next, 'national id with a wrong digit', '#answer-fault', { status: 422 });
  await on.fill('#answer', '۰۰۱۰۳۵۰۸۲۹');
  await on.press(next, 'phone', /ask\/v\.phone$/);
  await on.fill('#answer', '09121234567');
  await on.press(next, 'area', /ask\/v\.area$/);

  // Whoever goes away finds everything where he left it.
  await on.open('/my', 'begun');
  await on.press('.procedures a[href^="/drafts/"]', 'questions so far', 'dl.answers');
  await on.press('.row a.main', 'area again', /ask\/v\.area$/);
  await on.fill('#answer', '۱۲');
  await on.press(next, 'remark', /ask\/v\.remark$/);
  await on.press(next, 'plan', /ask\/p\.plan$/);
  await on.attach('#answer', { name: 'plan.txt', type: 'text/plain', bytes: 'aGVsbG8=' });
  await on.press(next, 'plan of a wrong type', '#answer-fault', { status: 415 });
  await on.attach('#answer', { name: 'نقشه.png', type: 'image/png', bytes: PNG });
  await on.press(next, 'record', /ask\/p\.record$/);
  await on.attach('#answer', { name: 'record.pdf', type: 'application/pdf', bytes: PDF });
  await on.fill('#issued', '1403/02/31');
  await on.press(next, 'record of tomorrow', '#issued-fault', { status: 422 });
  await on.attach('#answer', { name: 'record.pdf', type: 'application/pdf', bytes: PDF });
  await on.fill('#issued', '۱۴۰۳/۰۱/۲۰');
  await on.press(next, 'check', 'form[action^="/drafts/"] button.main');
  await on.sees('dl.answers', fa ? '۱۲' : '12');
  await on.press('dl.answers a[href$="v.area"]', 'change', /ask\/v\.area$/);
  await on.fill('#answer', '14');
  await on.press(next, 'check again', 'form[action^="/drafts/"] button.main');
  await on.press('form[action^="/drafts/"] button.main', 'receipt', /\/receipt$/);
  await on.sees('.receipt', fa ? 'کد رهگیری' : 'Tracking code');
  await on.press('.receipt a.main', 'case', /\/my\/[0-9a-f-]+$/);
  const id = new URL(on.page.url()).pathname.split('/').pop();

  await officer(on, id, 'return', 'The plan has no scale');
  await on.press(`a[href="/my/${id}"]`, 'my turn', '.turn');
  await on.sees('.turn', 'The plan has no scale');
  await on.press('.turn a[href$="/do/act.resubmit"]', 'correct', '#doing form');
  await on.fill('[id="v.area"]', '16');
  await on.press('#doing button[value=do]', 'corrected', '#doing .done');
  await on.lacks('.turn');

  await officer(on, id, 'refuse', 'The square is closed');
  await on.press(`a[href="/my/${id}"]`, 'refused', '.turn');
  await on.press('.turn a[href$="/do/act.appeal"]', 'appeal', '#doing form');
  await on.fill('#reason', fa ? 'میدان باز است' : 'The square is open');
  await on.press('#doing button[value=do]', 'appealed', '#doing .done');

  // And gives up after all: what it will cause is told before.
  await on.press('a[href$="/do/withdraw"]', 'withdraw', '#consequences li');
  await on.press('#doing button[value=do]', 'withdrawn', '#doing .done');
  await on.open('/my', 'my cases');
  await on.open(`/my/${id}/receipt`, 'receipt afterwards');
}
